"""What poisoned texts say, as patterns of RE2: linear in the text, whatever it holds. Data.

They are read against a text in lower case without accents, look-alike letters replaced. Each has its code. What begins with
words that are everywhere, far before those that are rare, is in three parts: code, how it begins, and the rest, which is
looked for first: a matcher would have to remember each beginning for as long as the rest may come.
"""

from __future__ import annotations

from typing import Final

_SENSITIVE: Final = (
    r"(?:secrets?|credentials?|passwords?|api[ _-]?keys?|tokens?|private keys?|ssh keys?|env(?:ironment)? variables?"
    r"|\.env\b|id_rsa"
    r"|conversation|chat history|customer (?:e-?mails?|data|records)|users?'?s? (?:data|files|messages"
    r"|e-?mails?|history|prompts?)"
    r"|contents? of|cookies?|seed phrase|system prompt|sensitive|personal data|canary|database|every message|full context)"
)
_ELSEWHERE: Final = (
    r"(?:attacker|adversary|(?:an? |the |some )?(?:external|remote|third[- ]party|outside|unknown|attacker\S*) "
    r"(?:server|host|endpoint|url|address|party|service|site|collector|domain|webhook)|[\w.+-]+@[\w-]+\.[\w.-]+|https?://|evil\b)"
)
_SENDS: Final = (
    r"\b(?:send|forward|post|upload|transmit|leak|exfiltrate|e-?mail|bcc|cop(?:y|ie)|ship|relay|export|deliver|report|smuggle)"
    r"(?:s|ed|ing)?\b"
)
_KEY_FILE: Final = (
    r"(?:(?:~|/home/\w+|/root|/users/\w+|\$home)/\.(?:ssh/id_\w+(?:$|[^.\w]|\.(?:$|\s))|ssh/?(?:$|[\s'\"`,)])|cursor|bash_history)"
    r"|\bid_(?:rsa|ed25519)(?:$|[^.\w]|\.(?:$|\s))|/etc/(?:passwd|shadow)\b|\.cursor/mcp\.json|claude_desktop_config\.json)"
)
_GUARDED_FILE: Final = r"(?:/?\.(?:aws/credentials|ssh|gnupg|kube/config|docker/config|npmrc|netrc|env)\b|\bid_(?:rsa|ed25519)\b)"
_TAKES: Final = (
    r"\b(?:read|open|cat|load|fetch|include|embed|attach|append|pass|send|return|collect|copy|exfiltrate"
    r"|steal|upload|insert|dump|call)"
    r"(?:s|es|ing|ed)?\b"
)
_GIVES: Final = (
    r"\b(?:include|embed|attach|append|pass|send|return|collect|copy|exfiltrate"
    r"|steal|upload|insert|dump|leak|post|forward)(?:s|es|ing|ed)?\b"
)
_A_TOOL: Final = r"(?:[a-z0-9]+(?:_[a-z0-9]+)+|[\w-]+ tools?|(?:any|all|every|other|another|each)(?: other)? tools?)"

OPEN: Final[tuple[tuple[str, ...], ...]] = (
    # Orders that set aside what the model was told.
    (
        "orders",
        r"\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget|overrule|bypass(?:ing)?|circumvent|violate)\b(?: [\w'-]+){0,4}?"
        r" (?:previous|prior|above|earlier|preceding|foregoing|former|safety|original|developer|these|its|your|system|security)\b"
        r"(?: [\w'-]+){0,2}? (?:instructions?|rules?|directions?|directives?|guidelines?|prompts?|messages?"
        r"|polic(?:y|ies)|guardrails?"
        r"|checks?|restrictions?|constraints?|context|safeguards?|training|programming)\b",
    ),
    (
        "orders",
        r"\b(?:ignore|disregard|forget) (?:all |everything |any ?thing |any of )?(?:the |said )?(?:above"
        r"|before|previously)\b",
    ),
    (
        "orders",
        r"\b(?:bypass|circumvent|evade|defeat|without applying|skip) (?:the |any |all |every |your |its |user |human )*"
        r"(?:approvals?|safety (?:checks?|filters?)|guardrails?|content filters?|safeguards?|polic(?:y|ies))\b",
    ),
    (
        "orders",
        r"\b(?:show|print|display|output|append|share|send|include|return|echo)s?\b(?: me)? (?:your|the "
        r"(?:full|entire|hidden|internal|whole|secret"
        r"|private)|hidden|all)(?: [\w'-]+){0,2}? (?:system|hidden|internal|initial|developer|secret|private)?(?: system)? ?"
        r"(?:prompts?|instructions|canary|guidelines)\b",
    ),
    (
        "orders",
        r"\b(?:overrid(?:e|es|ing)|overrul(?:e|es|ing)) (?:all |any |the |your |its )*(?:previous|prior"
        r"|above|earlier|safety|existing|original|other)\b"
        r"(?: [\w'-]+){0,2}? (?:instructions?|rules?|directives?|guidelines?|guardrails?|safeguards?)\b",
    ),
    (
        "orders",
        r"\b(?:reveal|leak|expose|disclose|repeat|dump|recite|divulge)s?\b"
        r"(?: [\w'-]+){0,4} (?:system|hidden|internal|initial|developer|secret|private)(?: system)? "
        r"(?:prompts?|instructions?|messages?|canary|guidelines)\b",
    ),
    ("orders", r"(?:^|[.!?\]>#*\n] ?)(?:important )?system ?: "),
    ("orders", r"\b(?:new|updated|urgent) system (?:message|instruction|directive|prompt)s?\b|\bsystem override\b"),
    (
        "orders",
        r"\[ ?(?:assistant|system|hidden|admin|inst|developer|ai)[^\]]{0,20}\b(?:instructions?|directives?"
        r"|messages?|notes?)\b",
    ),
    ("orders", r"<!-- ?(?:assistant|system|ai|agent|model|llm|instructions?|note to)\b"),
    ("orders", r"< ?/?(?:important|system|secret|instructions?|hidden|admin|critical|inst)(?: [^>]{0,40})?>"),
    (
        "orders",
        r"\b(?:developer|debug|god|dan|unrestricted|jailbreak|maintenance) mode\b[^.]{0,20}\b(?:no restrictions"
        r"|and must|and will)\b",
    ),
    ("orders", r"\byou are now (?:in |a |an )?(?:\w+ )?(?:mode|unrestricted|jailbroken|dan)\b"),
    ("orders", r"\bhidden (?:directives?|instructions?|commands?|orders?)\b"),
    ("orders", r"\b(?:comply with|obey) (?:all|any|whatever|every)(?: \w+){0,3}? (?:requests?|instructions?|commands?|orders)\b"),
    (
        "orders",
        r"\b(?:follow|execute|perform|carry out) (?:all|any|whatever|every|the)(?: \w+){0,2}? (?:instructions?"
        r"|commands?|orders) (?:embedded|hidden|contained|found|inside|within)\b",
    ),
    ("orders", r"\b(?:auto-?)?approve (?:all|any|every|the next)(?: \w+){0,2}? tool calls?\b"),
    (
        "orders",
        r"\b(?:remember|memori[sz]e|assume|treat|record|store|note)\b[^.]{0,40}",
        r"\buser (?:is|as) (?:an? |always |now )*(?:administrator|admin|root|superuser)\b",
    ),
    ("orders", r"\bremember (?:permanently|forever)"),
    (
        "orders",
        r"\bas tenant \w+, (?:\w+ ){1,3}tenant \w+|\b(?:read|fetch|show|export|access) (?:another|other"
        r"|all) tenants?'?s? \w+",
    ),
    ("orders", r"\bsidenote\b"),
    # What is to be kept from people.
    (
        "conceals",
        r"\b(?:do not|don't|never|without|must not|should not|dont|nor) (?:\w+ ){0,2}(?:tell|inform|mention"
        r"|reveal|notify|alert|disclose"
        r"|telling|informing|mentioning|revealing|notifying|alerting|disclosing)\b(?: [\w'-]+){0,6}? "
        r"(?:users?|humans?|operators?|owner|person|people|anyone|anybody|step|instructions?)\b",
    ),
    (
        "conceals",
        r"\bwithout (?:the |any )?(?:users?|human|operator|owner)(?:'s|s')? (?:knowledge|consent|awareness"
        r"|noticing|knowing)\b",
    ),
    (
        "conceals",
        r"\b(?:silently|secretly|covertly|surreptitiously|stealthily)\b(?: \w+){0,3}? (?:send|forward|cop"
        r"(?:y|ie)|upload|append|include"
        r"|log|bcc|post|transmit|store|read|collect|record|exfiltrate|redirect|route|replace|add|invoke"
        r"|call|execute|run)(?:s|es)?\b",
    ),
    (
        "conceals",
        r"\bkeep (?:this|it|that) (?:secret|hidden|confidential) from\b|\bhide (?:this|it|that) from (?:the )?"
        r"(?:user|human)",
    ),
    # Data sent where nobody wanted it.
    (
        "exfiltrates",
        _SENDS + r"[^!?]{0,80}?" + _SENSITIVE + r"[^!?]{0,80}?",
        r"\b(?:to|via|at|into|through) " + _ELSEWHERE,
    ),
    ("exfiltrates", _SENDS + r"[^!?]{0,80}?", r"\bto (?:the |an )?(?:attacker|adversary|evil)"),
    ("exfiltrates", r"\battacker(?:@|'s |\.| server| endpoint| address)|\bevil\.(?:invalid|example|com|net)\b"),
    ("exfiltrates", r"\bexfiltrat(?:es?|ing)\b|\bexfiltration (?:logic|payload|endpoint)"),
    (
        "exfiltrates",
        r"\b(?:load|render|include|embed|display|append|insert|fetch|output|add)\b[^!]{0,40}",
        r"!\[[^\]]{0,80}\]\( ?https?://[^)\s]{0,200}\?",
    ),
    ("exfiltrates", r"\bbcc(?:'?d|ed)?\b[^.]{0,20}\b(?:on|to|in) (?:every|all|each)\b|@[\w.-]+ is bcc"),
    ("secret_files", _TAKES + r"[^!?]{0,60}?", _KEY_FILE),
    (
        "secret_files",
        _GIVES + r"[^!?]{0,40}?\b(?:contents?|values?|copy|secrets) (?:of|in|from)\b[^!?]{0,40}?",
        _GUARDED_FILE,
    ),
    (
        "exfiltrates",
        r"\b(?:pass|put|place|include|embed|append|encode|insert|supply|copy)\b[^.]{0,60}?",
        r"\b(?:their contents|contents of (?:the |all |any )?(?:users?|[~./])|conversation|chat history"
        r"|system prompt|api[ _-]?keys?|credentials|secrets?|all messages)\b[^.]{0,60}?\b(?:arguments?"
        r"|parameters?|fields?|outputs?|responses?|query|url)\b",
    ),
    (
        "orders",
        r"\b(?:and|then|now) (?:delete|wipe|erase|destroy) (?:all|every|the entire) (?:\w+ ){0,2}(?:files?"
        r"|records?|data|database|workspace|repositor\w+)\b",
    ),
    (
        "orders",
        r"\b(?:before|after|prior to|when(?:ever)?) (?:using|calling|invoking|executing|running) (?:this"
        r"|the) tool,? (?:you must |first |always |also |please )*"
        r"(?:read|send|open|fetch|upload|collect|gather|forward|post|dump)\b",
    ),
    ("orders", r"\bwhenever the user (?:asks|requests|mentions|says)\b[^.]{0,60}\b(?:instead|always|also|secretly|silently)\b"),
    (
        "orders",
        r"\b(?:on|with|for|after|before) (?:each|every) (?:call|request|invocation|use|response),? (?:also"
        r"|always|first|you must|secretly|silently)\b",
    ),
    # What other tools are to do.
    (
        "cross_tool",
        r"\b(?:modif(?:y|ies)|changes?|alters?|overrides?|replaces?|redefines?|intercepts?|hijacks?|corrects?) (?:\w+ ){0,3}"
        r"(?:behaviou?r|outputs?|results?|responses?|recipients?|arguments?|parameters) of (?:the )?" + _A_TOOL,
    ),
    ("cross_tool", r"\b(?:supersedes?|shadows?|hijacks?|overrides?|takes precedence over|intercepts?) (?:the |all )?" + _A_TOOL),
    (
        "cross_tool",
        r"\b(?:when(?:ever)?|each time|every time|before|after|if|once) (?:the )?" + _A_TOOL + r"(?: tool)? (?:is|are|gets?|was) "
        r"(?:called|used|invoked|run|executed)\b[^.]{0,60}\b(?:must|always|also|instead|first|silently"
        r"|bcc\S*|cop(?:y|ied)|forward\w*|redirect\w*)\b",
    ),
    (
        "cross_tool",
        r"\b(?:route|reroute|redirect|replace|forward|send) (?:its|all|every|their) (?:\w+ ){0,2}(?:outputs?"
        r"|requests?|calls?|results?|responses?)\b[^.]{0,40}\b(?:here|this tool|instead)\b",
    ),
    (
        "cross_tool",
        r"\b(?:before|after|prior to|when) (?:using|calling|invoking|executing|running) (?:any|other|all"
        r"|every) (?:other )?tools?\b",
    ),
    # That it will be another tool later.
    (
        "turns",
        r"\b(?:once|after|when|as soon as|until) (?:\w+ ){0,2}(?:this|the|its) (?:tool|server|plugin|description"
        r"|version|definition)\b"
        r"[^.]{0,30}\b(?:approved|approval|reviewed|trusted|accepted|allow-?listed|whitelisted|pinned)\b",
    ),
    ("turns", r"\b(?:approval|review) (?:hash|fingerprint|check|window)\b[^.]{0,40}\b(?:recorded|passed|granted|over|complete)"),
    (
        "turns",
        r"\b(?:activates?|begins?|starts?|enables?|switch(?:es)?|unlocks?|swaps?|changes?)\b[^.]{0,60}",
        r"\b(?:only )?(?:once|after) (?:\w+ ){0,4}(?:approv\w+|review\w*|trusted|vetting)\b",
    ),
    (
        "turns",
        r"\b(?:behaves?|acts?|appears?|looks?) (?:benign|harmless|innocent|normal|safe)\w*\b[^.]{0,60}\b"
        r"(?:then|but|until|during|while|and|later|at first)\b",
    ),
    (
        "turns",
        r"\bafter (?:the )?(?:first|\d+|several|a few|enough)(?: \w+){0,2}? (?:calls?|uses?|invocations?"
        r"|runs?|days?|weeks?|installs?)\b"
        r"[^.]{0,60}\b(?:switch|change|begin|start|will|activate|exfiltrate|behave|also)\w*\b",
    ),
    (
        "turns",
        r"\b(?:later|subsequent|future|next) (?:versions?|updates?|releases?)\b[^.]{0,60}\b(?:will|silently"
        r"|swaps?|replaces?|adds?|changes?)\b",
    ),
    (
        "turns",
        r"\b(?:updates?|changes?|rewrites?|replaces?|swaps?|mutates?) (?:its|this tool'?s?) (?:own )?(?:description"
        r"|definition|behaviou?r|schema)\b",
    ),
)  # fmt: skip
"""Of texts as they stand: codes and patterns."""

IMPERATIVE: Final = (
    r"\b(?:you (?:must|should|need to|have to)|must|should|shall|requires? you to|always|then|first|instead|and|,|:|;|\.|^) ?"
    r"(?:first |then |also |always |now )*(?:invoke|call|run|execute|trigger|use) (?:the )?[`'\"]?([a-z0-9]+(?:_[a-z0-9]+)+)\b"
)
"""An order to use a tool, with its name."""

FOREIGN: Final[tuple[tuple[str, ...], ...]] = (
    (
        "orders",
        r"ignor(?:ez|er|e|a|ar|en|iere?n?|iert|ieren sie|ad|are|ate|em)\b[^.]{0,40}\b(?:instruc\w+|consignes"
        r"|regles?|regl\w+|politi\w+|anweisung\w*|regeln|richtlinien?|istruzioni|regole|instrucoes|regras)",
    ),
    (
        "orders",
        r"\b(?:affich\w+|revel\w+|montr\w+|divulg\w+|muestr\w+|mostr\w+|zeig\w*|verrat\w*|gib|geben|offenbar\w*"
        r"|rivel\w+|exib\w+|copi\w+)\b[^.]{0,40}\b(?:invite|prompt|systemprompt|instruc\w+|regles?|regl\w+"
        r"|anweisung\w*|istruzioni|mensaje|mensagem)\b[^.]{0,20}(?:syst\w+|sist\w+|cach\w+|ocult\w+|nascost\w+"
        r"|priv\w+|verborg\w+|versteck\w+)?",
    ),
    ("orders", r"\bsystem-?prompt\b[^.]{0,40}\b(?:an|aus|preis|anzeigen|ausgeben)\b"),
    (
        "exfiltrates",
        r"\b(?:envoy\w+|transmet\w+|envi\w+|sende\w*|schick\w*|invi\w+|mand\w+)\b[^.]{0,60}\b(?:donnees"
        r"|valeur|secret\w*|mots? de passe|cles?|datos|contrasenas?|claves?|credencia\w+|correos?|daten"
        r"|geheimnis\w*|passw\w+|zugangsdaten|schlussel|dati|password|segret\w+|dados|senhas?|valor|wert)\b",
    ),
    ("orders", r"\b(?:autre|otro|anderen?|altro|outro) (?:locataire|client|inquilino|cliente|mieters?|mandanten|kunden|tenant)"),
    ("orders", r"\b(?:memoris\w+|souven\w+|recuerd\w+|merk\w*|ricord\w+|lembre\w*|memoriz\w+)\b[^.]{0,60}\badminist\w+"),
    (
        "orders",
        r"\b(?:contourn\w+|elud\w+|omit\w+|umgeh\w*|aggir\w+|contorn\w+|saltar?)\b[^.]{0,30}\b(?:approbation"
        r"|autorisation|aprobacion|genehmigung|freigabe|approvazione|aprovacao|politi\w+|control\w*|kontrolle)",
    ),
    (
        "orders",
        "(?:忽略|无视|忽視|無視)[^。]{0,8}(?:指令|指示|规则|規則|提示|说明|ルール)|(?:泄露|显示|输出|透露"
        "|公開|表示)[^。]{0,8}(?:系统提示|系統提示|隐藏|システムプロンプト)",
    ),
    (
        "orders",
        r"\b(?:approuv\w+|autoris\w+|aprueb\w+|apruebe|genehmig\w+|approv(?:a|ate|are)|aprov\w+)\b[^.]{0,40}\b"
        r"(?:appels?|llamadas?|aufrufe?|chiamat\w+|chamad\w+|outils?|herramientas?|werkzeug\w*)\b",
    ),
    ("orders", r"(?:^|[.!?\]>#*\n] ?)(?:systeme|sistema|system|系统|システム) ?[:：] "),
    ("conceals", "(?:不要|切勿|别|勿)(?:告诉|告知|提醒|通知|透露)[^。]{0,4}用户|ユーザーに(?:知らせ|伝え|言わ)ない"),
    (
        "exfiltrates",
        "(?:发送|发给|上传|转发|送信)[^。]{0,12}(?:密码|密钥|凭证|令牌|数据|パスワード|秘密)[^。]{0,8}"
        "(?:到|至|给|に)",
    ),
    ("cross_tool", "必须先(?:调用|读取|执行)"),
    ("orders", r"игнориру\w*[^.]{0,40}(?:инструкц\w+|правил\w*|указани\w+)|(?:покажи|раскрой|выведи)\w*[^.]{0,40}системн\w+"),
    ("exfiltrates", r"(?:отправ\w+|перешли\w*)[^.]{0,60}(?:парол\w+|секрет\w*|данны\w+|ключ\w*)"),
    ("orders", "(?:이전|위의)[^.]{0,8}(?:지시|지침|규칙)[^.]{0,8}무시|시스템 프롬프트"),
)  # fmt: skip
"""The same in other languages, accents left out."""

COMMANDS: Final = (
    r"\b(?:curl|wget)\b[^|]{0,200}\| ?(?:ba|z|k)?sh\b|/bin/(?:ba|z)?sh\b|/dev/tcp/|\bbash -[ic]\b|\bpowershell\b"
    r"|\biex\b|invoke-expression"
    r"|\brm -rf\b|\bnc (?:-\w+ )*-e\b|\b(?:eval|exec|system|popen)\(|\bos\.system\b|\bsubprocess\b"
    r"|\bchmod \+x\b|\bcurl (?:-\w+ )*https?://"
)
"""What nobody needs to hide in an encoding."""

DISGUISED: Final = (
    "(?:ignore|disregard|forget)(?:any|aii)?(?:of)?(?:the|your)?(?:previous|prior|above|eari?ier)"
    "(?:instructions?|ruies?|directions?|prompts?)",
    "(?:reveai|show|print|display|ieak|dump)(?:the|your|me)*(?:hidden|secret|internai|initiai)?system"
    "(?:prompt|message|instructions)",
    "(?:append|inciude|reveai)the(?:internai|secret)canary",
    "bypass(?:the|aii|any)?(?:approvai|guardraiis?|safety|poiicy)",
    "(?:send|forward|export|emaii|post|upioad|ieak|exfiitrate).{0,40}(?:attacker|extern?aiserver|evii)",
    "(?:send|forward|export|emaii|ieak|dump|reveai).{0,24}(?:credentiais|passwords|secrets|apikeys|privatekeys)",
    "(?:donot|never|dont)(?:teii|inform|mention).{0,8}theuser",
    "deveiopermodewithnorestrictions",
    "approve(?:aii|thenext)(?:pending)?tooicaiis?",
    "rememberpermanentiythat|(?:this|the)userisan?admin",
    "(?:caii|run|invoke)readsecret",
    "fetchtenantbrecords",
    "eviiinvaiid|attackereviicom|(?:ioad|render|inciude|embed|fetch|dispiay).{0,20}https?.{0,60}(?:iog"
    "|canary|pixei|steai|coiiect)",
)
"""Of texts of which only the letters are left, digits read as letters, `l` and `1` as `i`: said only by who disguises it."""
