"""Blocks as a user of Prefect writes them: blocks.py save|load|change."""

import sys
from typing import Optional, Union

from pydantic import BaseModel, SecretStr

from prefect.blocks.core import Block
from prefect.blocks.fields import SecretDict
from prefect.blocks.system import Secret


class Limits(BaseModel):
    ratio: float = 0.1
    most: float = 1e21
    name: str = "größe \U0001F600 \x7f"


class Account(Block):
    """Who we are there. With a line
    of "quotes", and ünïcode."""

    _block_type_name = "Our account"
    _block_type_slug = "our-account"
    user: str
    password: SecretStr
    headers: SecretDict = SecretDict({})


class Key(Block):
    _block_type_slug = "our-key"
    token: SecretStr


class Store(Block):
    _block_type_slug = "our-store"
    _block_schema_capabilities = ["keep-things"]
    address: str
    limits: Limits = Limits()
    account: Account
    other: Optional[Union[Account, Key]] = None
    big: int = 1


def save():
    account = Account(user="ada", password="s3cret-password", headers={"x-key": "s3cret-header"})
    account.save("main")
    key = Key(token="s3cret-token")
    key.save("door")
    Store(address="https://example.org", account=account, other=key, big=2**62).save("things")
    Store(address="inline", account=Account(user="bob", password="s3cret-inline")).save("inline")
    Secret(value="s3cret-word").save("word")
    Secret(value={"a": ["s3cret-list"]}).save("tree")


def load():
    store = Store.load("things")
    print(store.address, store.account.user, store.account.password.get_secret_value(),
          dict(store.account.headers.get_secret_value()), type(store.other).__name__,
          store.other.token.get_secret_value(), store.big, store.limits.ratio)
    inline = Store.load("inline")
    print(inline.account.user, inline.account.password.get_secret_value())
    print(Secret.load("word").get(), Secret.load("tree").get())


def change():
    account = Account.load("main")
    account.user = "grace"
    account.save("main", overwrite=True)
    Key(token="s3cret-other").save("door", overwrite=True)
    try:
        Key(token="x").save("door")
    except ValueError as error:
        print(error)
    store = Store.load("things")
    print(store.account.user, store.account.password.get_secret_value(),
          store.other.token.get_secret_value())


if __name__ == "__main__":
    {"save": save, "load": load, "change": change}[sys.argv[1]]()
