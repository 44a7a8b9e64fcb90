"""How moto is changed in place, which mypy would otherwise be right to forbid."""


def replace_in(owner: object, name: str, value: object) -> None:
    """Puts our own way of doing something in the place of moto's."""
    setattr(owner, name, value)
