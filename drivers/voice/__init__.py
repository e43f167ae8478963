"""Speech and tones: the process `kiosk-voice`, and `kiosk-read`, which reads one certificate and ends."""
