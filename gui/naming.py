"""Names of the program as people write them."""


def title_of(protocol: str) -> str:
    """Return the name of a protocol as people write it: "Linear sweep"."""
    if protocol.isupper():
        return protocol
    words = "".join(f"_{each.lower()}" if each.isupper() else each for each in protocol)
    return label_of(words.strip("_"))


def label_of(name: str) -> str:
    """Return the name of a parameter as people read it."""
    return name.replace("_", " ").capitalize().replace("mol per l", "(mol/L)")
