"""How a command is given a passphrase, and the command that shows and changes how private keys lie on the disk."""

import argparse
import getpass
import os
import sys
from contextlib import nullcontext
from dataclasses import replace

from village_node import app, config, control, identity, keyring


def add_passphrase(verb: argparse.ArgumentParser) -> None:
    """Add the option by which a command is given a passphrase."""
    verb.add_argument(
        "--passphrase-fd",
        type=int,
        metavar="N",
        help="read the passphrase from this file descriptor, one a line; else it is the credential "
        f"{config.CREDENTIAL} of systemd, or asked for",
    )


def say_how_keys_lie(chosen: config.Config) -> None:
    """Say what was chosen for the private keys, and what follows from it."""
    lie = keyring.how_they_lie(chosen.data)
    if lie == "partly":
        print(
            "加密没有做完，还有密钥没有加密：请再运行一次 `keys protect`"
            " / some keys still lie in the clear: give `keys protect` again"
        )
    elif lie == "passphrase":
        print(
            "密钥已用口令加密：机器被偷，没有口令用不了密钥；停电重启后须有人输入口令（或由 systemd 凭据提供）；"
            "口令丢失无法找回 / the keys are wrapped: each start needs the passphrase, and nobody can bring it back"
        )
    else:
        print(
            "密钥没有加密：停电后能自动恢复，但拿到硬盘的人就拿到了密钥；可随时用 `keys protect` 加密"
            " / the keys lie in the clear: the node starts by itself; `keys protect` wraps them at any time"
        )


def unlocked(chosen: config.Config, arguments: argparse.Namespace | None = None) -> config.Config:
    """The settings with what opens the keys, where they are wrapped. Raises NoPassphrase, BadSettings."""
    if not keyring.is_protected(chosen.data):
        return chosen
    return replace(chosen, passphrase=passphrases(arguments, "passphrase")[0])


def passphrases(arguments: argparse.Namespace | None, *names: str, new: bool = False) -> list[str]:
    """One passphrase for each name: from the file descriptor, from systemd for the first, or typed. `new`: typed twice.

    Raises NoPassphrase where there is nobody to ask.
    """
    number = getattr(arguments, "passphrase_fd", None)
    if number is not None:
        with os.fdopen(number, encoding="utf-8") as given:
            lines = [line.rstrip("\r\n") for line in given]
        if len(lines) < len(names):
            raise keyring.NoPassphrase(f"--passphrase-fd {number} gave {len(lines)} lines, must be {len(names)}")
        return lines[: len(names)]
    handed = config.credential()
    found = [handed] if handed else []
    if len(found) < len(names) and not sys.stdin.isatty():
        raise keyring.NoPassphrase(
            "the keys are wrapped and nobody is at the keyboard: start the node by hand, give --passphrase-fd, or let "
            f"systemd hand over the credential {config.CREDENTIAL}"
        )
    for name in names[len(found) :]:
        typed = getpass.getpass(f"{name}: ")
        if (new or name.startswith("new")) and getpass.getpass(f"{name}, again: ") != typed:
            raise keyring.NoPassphrase("the two are not the same: nothing was changed")
        found.append(typed)
    return found


def act(arguments: argparse.Namespace) -> None:
    """Show how the keys lie, wrap them, change the passphrase, or write them in the clear again."""
    chosen = config.load(arguments.data)
    step, data, protected = arguments.step, chosen.data, keyring.is_protected(chosen.data)
    with control.exclusive(data) if step != "show" else nullcontext():
        if step == "protect":
            word = passphrases(arguments, "passphrase", new=not protected)[0]
            print(f"{keyring.protect(data, word, identity.random_bytes)} keys were wrapped")
        elif step == "change":
            before, after = passphrases(arguments, "passphrase", "new passphrase")
            keyring.change(data, before, after, identity.random_bytes)
        elif step == "unprotect" and protected:
            print(f"{keyring.unprotect(data, passphrases(arguments, 'passphrase')[0])} keys lie in the clear now")
        elif step == "forget-files":
            count = app.forget_files(unlocked(chosen, arguments))
            print(f"{count} files of papers do not open here and are asked for again; what lay here alone is lost")
    for path in keyring.in_the_clear(data) if keyring.is_protected(data) else ():
        print(f"{path.name} is not wrapped yet: give `keys protect` again")
    say_how_keys_lie(chosen)
