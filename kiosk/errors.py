"""The error tree. Expected failure is data (an event); these are for what is not expected.

    MadoguchiError
    ├── ContractError       our own bug: log, exit, restart, recover
    ├── PeerProtocolError   a device or server spoke out of turn: resynchronise, ask again
    ├── DeviceUnavailable   no such port, reader or printer now
    ├── DeviceTimeout       it is there and does not answer in time
    ├── ConfigError         a file says something we refuse: name file, line and key
    └── JournalError        a record could not be made durable: stop taking money at once

Messages are fixed text + device id + code. They never carry payload, a secret or personal data.
"""


class MadoguchiError(Exception):
    """Base of all errors of this house."""


class ContractError(MadoguchiError):
    """Our own code broke a promise. Example: a command for a state that cannot have it."""


class PeerProtocolError(MadoguchiError):
    """The peer's bytes are not of the protocol. Example: a ccTalk frame with a wrong checksum."""


class DeviceUnavailable(MadoguchiError):
    """The device cannot be opened or went away. Example: the serial port does not exist."""


class DeviceTimeout(MadoguchiError):
    """The device is open and did not answer in time. Example: no reply to a status request."""


class ConfigError(MadoguchiError):
    """A configuration file is refused. Example: an unknown key, named with file and line."""


class JournalError(MadoguchiError):
    """A record is not durable. Example: fsync failed, the disk is full, the chain is broken."""
