"""The receipt printer: any script as dots, and every status byte asked by ourselves."""
