"""Names of tools that look like others: letters of other alphabets, digits for letters, another case. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from yett.catalog.listed import listed
from yett.catalog.poison_readings import LETTERS

KNOWN: Final = listed("""
    read_file write_file edit_file create_file delete_file move_file copy_file list_directory list_files search_files
    create_directory directory_tree get_file_info read_multiple_files execute_command run_command run_shell bash shell
    terminal execute_code run_code python_repl query execute_query execute_sql run_query list_tables describe_table
    send_email send_mail read_email search_emails list_emails create_draft send_message post_message slack_post_message
    list_channels create_issue list_issues get_issue update_issue create_pull_request merge_pull_request push_files
    create_repository search_repositories get_file_contents create_branch search_code fetch fetch_url http_request
    web_search brave_web_search search browser_navigate browser_click browser_evaluate create_event list_events
    delete_event get_weather create_payment create_charge create_refund create_invoice transfer_funds list_users
    create_user delete_user get_user reset_password sequentialthinking create_entities search_nodes read_graph
""")
"""Names that many servers give to tools; what looks like one of them is meant to."""
NAME_MAX: Final = 256
_DIGITS: Final = str.maketrans("01345", "oleas")


def lookalike_of(name: str, others: Collection[str]) -> str | None:
    """The name that this one looks like, of `others` or of the well-known ones; empty where it only mixes alphabets."""
    name = name[:NAME_MAX]
    mixed = not name.isascii() and _is_mixed(name)
    mine = _skeleton(name)
    for other in others:
        if other != name and other[:NAME_MAX] != name and _skeleton(other[:NAME_MAX]) == mine:
            return other
    plain = mine.translate(_DIGITS)
    if name not in KNOWN and name.lower() not in KNOWN and (mine in KNOWN or plain in KNOWN):
        return mine if mine in KNOWN else plain
    return "" if mixed else None


@lru_cache(maxsize=4_096)
def _skeleton(name: str) -> str:
    """What a name looks like, whatever it is written in."""
    if name.isascii():
        return name.lower()
    shown = unicodedata.normalize("NFKD", name).casefold().translate(LETTERS)
    return "".join(one for one in shown if unicodedata.category(one)[0] not in "CM")


def _is_mixed(name: str) -> bool:
    """Whether Latin letters stand beside letters that are taken for Latin ones."""
    folded = unicodedata.normalize("NFKC", name).lower()
    latin = any("a" <= one <= "z" for one in folded)
    return (latin and any(ord(one) in LETTERS for one in folded)) or any(
        "\uff01" <= one <= "\uff5e" or one > "\U0001d3ff" for one in name
    )
