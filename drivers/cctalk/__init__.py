"""ccTalk: a coin acceptor and hoppers on one wire."""
