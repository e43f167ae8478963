"""The core of Madoguchi: pure inside, I/O at the rim."""
