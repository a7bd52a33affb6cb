"""What a verb means with its object: closing an issue is not closing an account. A table; the first row that fits counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from yett.catalog import nouns
from yett.catalog.model import RiskClass
from yett.catalog.verbs import Verb
from yett.catalog.words import singular

R, W, E, D, F = RiskClass


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a verb with its object does."""

    risk: RiskClass
    shows: str
    certain: bool = True
    """Whether the object settles it; False: it is the verb's usual meaning, or a guess."""


@dataclass(frozen=True, slots=True)
class _Row:
    verbs: frozenset[str]
    nouns: frozenset[str]
    risk: RiskClass
    shows: str
    anywhere: bool = False
    """Whether any word of the object may be the noun, not only its last."""


_PAYING: Final = frozenset(
    """
    create make add place submit send issue process initiate execute complete confirm finalize finalise capture authorize authorise
    perform schedule start open post generate approve accept release run trigger settle request new do commit collect launch transmit broadcast give take move route push deliver sign return reverse transfer distribute offer claim buy sell
    """.split()
)
_PAYING: Final = _PAYING - {
    "update",
    "modify",
    "set",
    "handle",
    "enable",
    "apply",
    "prepare",
    "add",
    "pull",
    "collect",
    "put",
    "setup",
}
_RUNNING: Final = frozenset(
    "run execute exec perform make conduct submit start do launch request invoke call trigger use initiate".split()
)
_OUTPUT: Final = frozenset("generate create make produce design render compose build draw compute get prepare".split())
_DOING: Final = frozenset("run execute exec perform make conduct submit do use call request".split())
_UNMAKING: Final = frozenset("remove clear clean strip delete drop scrub filter erase flush".split())

_PAIRS: Final = frozenset(
    {
        *(
            ("payment", noun)
            for noun in ("link", "intent", "method", "request", "session", "order", "card", "source", "plan", "token")
        ),
        *(("checkout", noun) for noun in ("session", "link", "cart")),
        *(("invoice", noun) for noun in ("item", "line", "payment")),
        *((noun, "card") for noun in ("credit", "debit", "bank", "virtual", "gift")),
        *(
            (noun, "order")
            for noun in ("limit", "market", "purchase", "stop", "buy", "sell", "bracket", "trade", "payment", "oco")
        ),
        *((noun, "transfer") for noun in ("bank", "wire", "money", "fund", "token", "balance", "credit")),
        *((noun, "transaction") for noun in ("payment", "eth", "blockchain", "onchain", "solana", "bitcoin", "token", "crypto")),
        *(("transaction", noun) for noun in ("payment",)),
        *((noun, "token") for noun in ("erc20", "spl", "native")),
        ("in", "app"),
    }
)
"""Two nouns that mean money only together."""

_ROWS: Final = (
    # --- money -----------------------------------------------------------------------------------------------------------------
    _Row(frozenset({"book", "reserve"}), nouns.JOURNEY, F, "books what is paid for"),
    _Row(frozenset({"book", "reserve"}), frozenset(), W, "books an appointment or a place"),
    _Row(frozenset({"approve", "increase", "set", "revoke"}), frozenset({"allowance", "spender"}), W, "sets an allowance"),
    _Row(frozenset({"approve", "release", "authorize"}), frozenset({"expense", "transaction", "reimbursement"}), F, "releases money"),
    _Row(frozenset({"create", "start", "update", "upgrade", "downgrade", "renew", "resume", "change", "modify", "activate", "reactivate"}),
         frozenset({"subscription", "membership"}), F, "commits to regular payments"),
    _Row(frozenset({"upgrade", "downgrade", "change", "switch"}), frozenset({"plan", "tier"}), F, "changes what is paid"),
    _Row(frozenset({"renew", "register", "purchase"}), frozenset({"domain", "license", "policy", "membership"}), F, "is billed"),
    _Row(frozenset({"renew"}), frozenset(), W, "prolongs something"),
    _Row(frozenset({"claim"}), frozenset({"reward", "airdrop", "yield", "dividend", "bonus", "refund", "fee", "token"}), F, "collects assets"),
    _Row(frozenset({"claim"}), frozenset(), W, "takes something over"),
    _Row(frozenset({"close", "open", "exit", "liquidate", "flatten", "increase", "reduce"}), frozenset({"position", "trade"}), F, "trades"),
    _Row(frozenset({"attach", "add", "link", "save", "register", "set", "store", "create"}), frozenset({"payment_method"}), F,
         "attaches a means of payment"),
    _Row(frozenset({"update", "edit", "change", "modify"}), frozenset({"payment_method"}), W, "changes a means of payment"),
    _Row(_PAYING, frozenset({"payment_method"}), F, "handles a means of payment"),
    _Row(frozenset({"place", "submit", "create", "send", "make", "new", "execute", "confirm", "complete", "modify", "replace"}),
         frozenset({"order", "preorder", "reorder"}), F, "places an order"),
    _Row(_PAYING | {"add"}, nouns.MONEY, F, "moves or commits money"),
    _Row(frozenset({"send", "transfer", "move", "swap", "exchange", "bridge", "wrap", "unwrap", "airdrop", "deploy_and_buy"}),
         nouns.COINS | nouns.MONEY, F, "moves assets", anywhere=True),
    _Row(frozenset({"send", "sign", "submit", "broadcast", "execute"}), frozenset({"transaction", "tx", "txn", "userop"}), F,
         "sends a transaction that moves assets"),
    _Row(frozenset({"exchange", "swap"}), frozenset({"message", "code", "rate", "token_code", "face", "key", "item"}), W, "exchanges"),
    _Row(frozenset({"transfer"}), frozenset("file ownership call owner issue chat data conversation domain ticket project repository "
         "lead case agent control role document style image learning session user object record room task number".split()), W, "hands over"),
    _Row(frozenset({"refund", "charge", "bill", "invoice", "tip", "trade", "fund", "settle"}), frozenset({"code", "type"}), R, "is a noun here"),
    _Row(frozenset({"settle"}), frozenset({"dispute_case", "argument"}), W, "settles"),
    _Row(frozenset({"offer"}), frozenset(), W, "offers something"),
    _Row(frozenset({"bridge", "hedge", "escrow"}), frozenset({"network", "interface", "mode", "call"}), W, "connects"),
    # --- ends --------------------------------------------------------------------------------------------------------------------
    _Row(_UNMAKING, nouns.DATA_TEXT, R, "cleans up a text that it was given"),
    _Row(frozenset({"clean", "cleanup"}), frozenset({"text", "data", "html", "string", "csv", "dataset", "transcript", "dataframe"}), R,
         "cleans up what it was given"),
    _Row(_UNMAKING, frozenset({"background", "bg", "noise", "watermark", "vocal", "silence", "accent", "blemish", "wrinkle"}), E,
         "edits media"),
    _Row(frozenset({"clear", "reset", "flush", "clean", "invalidate"}), nouns.SHOWN, W, "clears what is only shown or kept for speed"),
    _Row(frozenset({"reset"}), frozenset({"camera", "zoom", "cursor", "layout", "position", "viewport", "view", "rotation", "style"}), W,
         "puts a view back"),
    _Row(frozenset({"cancel", "abort", "kill", "stop"}), frozenset({"query", "search", "prompt", "generation"}), E, "stops something running"),
    _Row(frozenset({"drop"}), frozenset({"pin", "marker", "shadow", "waypoint", "down", "zone"}), W, "puts something down"),
    _Row(frozenset({"close", "terminate", "end"}), frozenset({"account", "session", "connection", "call", "meeting", "stream"}), D,
         "ends it"),
    _Row(frozenset({"close"}), nouns.PAGE, E, "closes a window"),
    _Row(frozenset({"format"}), frozenset({"disk", "drive", "partition", "usb", "storage", "sdcard", "filesystem"}), D, "erases a disk"),
    _Row(frozenset({"forget"}), frozenset(), D, "removes what was kept"),
    _Row(frozenset({"end", "exit", "quit", "void", "clear", "expire", "burn"}), frozenset(), D, "removes or ends something"),
    # --- things with senses of their own -------------------------------------------------------------------------------------
    _Row(frozenset({"send", "issue", "transmit", "dispatch", "give", "broadcast"}),
         frozenset("command gcode script instruction rpc signal keystroke packet payload g-code".split()), E, "has a machine do what it is told"),
    _Row(frozenset({"update", "flash", "install", "push"}), frozenset({"firmware", "kernel", "driver", "bios", "os"}), E, "installs a program"),
    _Row(frozenset({"open", "close", "raise", "lower", "control"}),
         frozenset("curtain blind door gate garage shade window_shade shutter awning drawer valve".split()), W, "switches a device"),
    _Row(frozenset({"sign"}), frozenset({"contract", "agreement", "letter", "petition", "nda", "envelope", "consent"}), W, "signs"),
    _Row(frozenset({"file"}), frozenset("motion claim complaint tax return report case bug issue patent petition appeal dispute form lawsuit".split()), W,
         "hands something in"),
    _Row(frozenset({"file"}), frozenset(), R, "names something to look at"),
    _Row(frozenset({"request", "ask"}), frozenset("off leave vacation day holiday pto absence".split()), W, "asks people"),
    _Row(frozenset({"group", "cluster"}), frozenset(), W, "puts things together"),
    _Row(frozenset({"fire", "dismiss", "terminate"}), frozenset({"employee", "worker", "staff", "contractor", "person"}), D, "ends an employment"),
    _Row(frozenset({"fire"}), frozenset(), E, "sets something going"),
    _Row(frozenset({"waive", "write"}), frozenset({"fee", "debt"}), F, "gives up money"),
    _Row(frozenset({"spend", "acquire", "procure", "collect"}), frozenset({"time", "lock", "data", "feedback", "metric", "log", "stats", "evidence"}), R,
         "gathers something"),
    _Row(frozenset({"fine"}), frozenset({"tune", "tuning", "tuned"}), E, "trains a model", anywhere=True),
    _Row(frozenset({"cash", "short", "long", "tax", "lease", "fine", "bounty", "credit", "debit"}),
         frozenset("flow description name answer url link text code summary list term note rate position_size version form report bracket video".split()), R, "is a noun here"),
    _Row(frozenset({"strike", "recall", "fire", "lapse"}), frozenset({"memory", "memories", "context", "fact", "conversation", "price"}), R, "looks up what was kept"),
    _Row(frozenset({"generate", "make", "create", "produce", "render"}), frozenset("audio video speech music spoken voice podcast".split()), E,
         "has a model or program make media", anywhere=True),
    # --- runs --------------------------------------------------------------------------------------------------------------------
    _Row(frozenset({"generate", "create", "make", "produce", "render", "compose", "design", "edit", "draw", "enhance", "extend",
                    "transform", "restyle", "convert", "compile", "build"}),
         nouns.MEDIA - {"color", "effect", "thumbnail", "cover", "logo", "poster"}, E, "has a model or program make media"),
    _Row(frozenset({"create", "generate", "make", "design"}), nouns.MEDIA, E, "has a model or program make media"),
    _Row(_RUNNING | {"query", "test"}, nouns.RAW_QUERY, E, "runs a query in a language that can change data",
         anywhere=True),
    _Row(frozenset({"send", "type", "pass", "enter", "press"}), frozenset({"key", "keystroke", "input", "stdin"}), E, "types for a person", anywhere=True),
    _Row(frozenset({"checkout"}), frozenset("git branch commit repo repository file ref revision version tag pullrequest pr book".split()), W,
         "switches a working copy", anywhere=True),
    _Row(frozenset({"accept"}), frozenset({"dispute", "liability", "payment"}), F, "accepts to pay", anywhere=True),
    _Row(frozenset({"write"}), nouns.RAW_QUERY | {"query"}, E, "runs a query that changes data", anywhere=True),
    _Row(frozenset({"select", "read"}), frozenset({"query", "sql"}), R, "selects"),
    _Row(_DOING, nouns.READINGS - {"fee", "price", "quota", "definition", "current"} | {"lookup", "scrape", "crawl", "inspection", "aggregation", "ocr", "count", "calculation", "read", "select", "research", "extraction"}, R, "carries out something that only looks"),
    _Row(_RUNNING | {"test", "query"}, frozenset({"database", "db"}), E, "asks a database anything"),
    _Row(_RUNNING | {"test"}, frozenset({"connection", "connectivity", "health", "healthcheck"}) , R, "tries whether something answers"),
    _Row(frozenset({"evaluate", "eval", "inject"}),
         nouns.CODE | {"key", "keystroke", "input", "expression"}, E, "runs code that it is given", anywhere=True),
    _Row(frozenset({"call", "invoke", "request", "use", "make", "send", "post"}),
         nouns.CALLED, E, "sends any request"),
    _Row(frozenset({"create", "dispatch", "add", "new", "post"}),
         frozenset({"deployment", "execution", "run", "dispatch", "rollout", "invocation", "rerun", "trial_run", "job_run", "crawl", "scan"}), E, "sets it going"),
    _Row(frozenset({"merge"}), frozenset("pullrequest mergerequest pr mr branch upstream".split()), E, "merges into a branch"),
    _Row(frozenset({"open"}), nouns.DISCUSSED, W, "opens a case"),
    _Row(frozenset({"open"}), frozenset("node file document note image record presentation workbook spreadsheet sheet project".split()), R, "shows it"),
    _Row(frozenset({"close"}), frozenset(), W, "closes a case"),
    _Row(frozenset({"apply"}), frozenset("filter style texture format theme label template effect formula coupon discount tag layout diff "
         "edit patch color formatting material tagging stamp highlight watermark validation modifier font lut preset mask".split()), W, "changes a document"),
    _Row(frozenset({"scan"}), frozenset({"qr", "qrcode", "barcode", "document", "receipt", "text", "card", "invoice", "image"}), R, "reads it"),
    _Row(frozenset({"test"}), frozenset({"regex", "hypothesis", "expression", "pattern", "equality", "normality"}), R, "computes"),
    _Row(frozenset({"process", "handle", "transform"}), frozenset({"text", "data", "image", "query", "json", "csv", "thought", "document"}), R,
         "works on what it was given"),
    _Row(frozenset({"submit"}), frozenset({"feedback", "review", "rating", "comment", "report", "ticket", "answer", "issue", "assignment",
         "application", "pullrequest", "survey", "vote", "bug", "complaint", "expense", "timesheet"}), W, "hands something in"),
    _Row(frozenset({"start"}), frozenset({"conversation", "thread", "discussion", "chat", "draft", "timer", "stopwatch", "checklist"}), W, "begins it"),
    _Row(frozenset({"stop", "pause"}), frozenset({"timer", "stopwatch"}), W, "stops a clock"),
    _Row(frozenset({"request"}), frozenset({"review", "access", "approval", "change", "feedback", "quote", "demo", "leave", "reviewer", "pto",
         "copilot_review", "timeoff", "permission", "meeting", "signature"}), W, "asks people"),
    _Row(frozenset({"sign"}), frozenset({"document", "pdf", "contract_document", "form"}), W, "signs"),
    _Row(frozenset({"control", "set", "turn", "switch", "toggle", "dim"}), frozenset({"light", "lamp", "thermostat", "switch", "plug", "fan", "brightness",
         "temperature", "volume", "blind", "curtain"}), W, "switches a device"),
    # --- computes ------------------------------------------------------------------------------------------------------------------
    _Row(frozenset({"generate", "produce", "compose", "suggest", "build"}), frozenset({"invoice", "payment"}), F, "makes an invoice"),
    _Row(frozenset({"generate", "create", "rotate", "issue"}), frozenset("key secret certificate credential token apikey cert keypair".split()), W,
         "makes a credential"),
    _Row(frozenset({"generate", "produce", "compose"}), nouns.TEXTS | nouns.READINGS, R, "makes a text and gives it back"),
    _Row(frozenset({"create", "generate", "make"}), frozenset({"completion", "embedding"}), R, "computes"),
    _Row(frozenset({"format"}), frozenset("cell table range row column slide paragraph sheet selection block spreadsheet".split()), W,
         "changes a document"),
    _Row(frozenset({"complete"}), frozenset({"text", "code", "chat", "prompt", "sentence", "completion", "word", "query"}), R, "makes a text"),
    _Row(frozenset({"build", "plan", "draw", "plot"}), frozenset("url link query prompt route itinerary trip path regex filter chart graph "
         "meal schedule workout diagram tree map trajectory".split()), R, "computes"),
    _Row(frozenset({"resolve"}), frozenset({"thread", "comment", "issue", "incident", "alert", "ticket", "discussion", "conflict", "case", "dispute",
         "conversation", "error", "problem", "item", "task", "flag"}), W, "marks it as resolved"),
    _Row(frozenset({"load", "track"}), frozenset({"event", "page_view", "conversion_event", "time"}), W, "records something"),
    _Row(frozenset({"connect"}), frozenset({"account", "integration", "wallet_app"}), W, "links an account"),
    _Row(frozenset({"check"}), frozenset({"box", "checkbox", "task", "todo", "item_off"}), W, "ticks it"),
    _Row(frozenset({"select", "check", "fill", "upload", "focus", "submit", "type", "open", "clear", "switch"}),
         frozenset({"option", "element", "tab", "radio", "dropdown", "button", "selector", "frame", "keyboard"}), E, "acts on a page"),
    _Row(frozenset({"open", "load", "visit", "browse"}), nouns.PAGE, E, "opens a page or program"),
    _Row(frozenset({"message", "email", "text", "comment", "tag", "label", "note", "record", "document", "log"}), frozenset({"id", "type"}), R,
         "is a noun here"),
)  # fmt: skip


def _by_verb() -> Mapping[str, tuple[_Row, ...]]:
    table: dict[str, list[_Row]] = {}
    for row in _ROWS:
        for verb in row.verbs:
            table.setdefault(verb, []).append(row)
    return MappingProxyType({verb: tuple(rows) for verb, rows in table.items()})


_TABLE: Final = _by_verb()
_BREAKS: Final = frozenset(
    "by from for with in to of via using on into at as without and or per through based over about between against across".split()
)
_PASSIVE: Final = frozenset(
    "title caption script prompt transcript summary subtitle idea outline keyword playlist call meeting template reminder note comment report history webhook tag label category rule event metadata status field attribute description setting "
    "schema type policy alert notification preference address column sheet book_entry tracking shipment message email line_note view".split()
)


def meaning(verb: Verb, following: Sequence[str]) -> Meaning:
    """What `verb` does to the words that follow it."""
    objects = _object(following)
    last = objects[-1] if objects else ""
    for row in _TABLE.get(verb.word, ()):
        if not row.nouns or last in row.nouns or (row.anywhere and last not in _PASSIVE and not row.nouns.isdisjoint(objects)):
            return Meaning(row.risk, row.shows, bool(row.nouns))
    return Meaning(verb.risk, _USUAL[verb.risk], not verb.vague)


_USUAL: Final[Mapping[RiskClass, str]] = MappingProxyType(
    {
        R: "only looks or computes",
        W: "changes something",
        E: "sets something going",
        D: "removes or ends something",
        F: "moves or commits money or assets",
    }
)


def _object(following: Sequence[str]) -> list[str]:
    """The noun phrase right after the verb, singular; pairs that mean money together end as one word of theirs."""
    objects: list[str] = []
    for word in following:
        if word in _BREAKS and objects:
            break
        if word not in _BREAKS and word not in _FILLERS:
            objects.append(singular(word))
    for first, second in zip(objects, objects[1:], strict=False):
        if (first, second) in _PAIRS and objects[-1] == second:
            return [*objects, "payment_method" if second in {"card", "method", "source"} else "payment"]
    return objects


_FILLERS: Final = frozenset(
    "a an the all any one some new existing specific given your this that its their my several multiple single more up out batch bulk "
    "many another each every current selected".split()
)
