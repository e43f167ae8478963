"""The vision process: camera in, a verdict out, never a picture."""
