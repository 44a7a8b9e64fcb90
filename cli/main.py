"""The `dropreel` command: everything that a person does from a shell."""

import typer

from cli import backfill, budget, catalog, deciding, doctor, drop, laptop, listing, redrive, showing
from cli.exits import MEANINGS

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__, epilog=MEANINGS)
app.command("up", rich_help_panel="This machine")(laptop.up)
app.command("demo", rich_help_panel="This machine")(laptop.demo)
app.command("models", rich_help_panel="Films")(catalog.models)
app.command("drop", rich_help_panel="Films")(drop.drop)
app.command("backfill", rich_help_panel="Films")(backfill.backfill)
app.command("jobs", rich_help_panel="Jobs")(listing.jobs)
app.command("show", rich_help_panel="Jobs")(showing.show)
app.command("watch", rich_help_panel="Jobs")(showing.watch)
app.command("retry", rich_help_panel="Jobs")(deciding.retry)
app.command("adopt", rich_help_panel="Jobs")(deciding.adopt)
app.command("give-up", rich_help_panel="Jobs")(deciding.give_up)
app.command("doctor", rich_help_panel="Operations")(doctor.doctor)
app.command("redrive", rich_help_panel="Operations")(redrive.redrive)
app.command("budget", rich_help_panel="Operations")(budget.budget)


def main() -> None:
    """Entry point of the console script."""
    app()
