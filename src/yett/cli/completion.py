"""`yett completion`: scripts that make the shell complete our commands."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash: eval "$(yett completion bash)"       in ~/.bashrc
    zsh:  eval "$(yett completion zsh)"        in ~/.zshrc
    fish: yett completion fish | source        in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    from yett.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None, "click knows all three"
    script = kind(cli, {}, "yett", "_YETT_COMPLETE")
    click.echo(script.source_template % script.source_vars())
