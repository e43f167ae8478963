"""Sensors, alarm contact, lamp and buzzer behind one input/output module (Modbus RTU)."""
