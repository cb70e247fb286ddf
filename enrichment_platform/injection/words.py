"""The vocabulary of injected orders: who is spoken to, what is to be ignored, what is to be answered.

Rust regular expressions (no look-around) over text in lower case with every gap as one space.
"""

from __future__ import annotations

AI = (  # nothing but a model is called so; "chatbot" and first names are, and are people and products too
    r"(?:(?:the |an? |any |this |our |your |all )?(?:(?:automated|automatic|text|large|ml|annotation|label(?:l)?ing|"
    r"classification|evaluation|grading|moderation) )*(?:ai|a\.i\.|llms?|gpt(?:-?[0-9][a-z0-9.]*)?|chat ?gpt|"
    r"language models?|classifier|(?:automated|annotation|label(?:l)?ing|classification) (?:system|model|engine|bot|"
    r"reviewer|grader|judge|evaluator|annotator|rater|moderator|agent))"
    r"(?:[ -](?:model|assistant|agent|system|reader|classifier|reviewer|grader|judge|evaluator|annotator|label(?:l)?er|"
    r"rater|moderator|bot)s?)?)"
)
MAYBE_AI = (
    r"(?:(?:the |an? |any |this |our |your |all )?(?:claude|gemini|copilot|chat ?bots?|bots?|assistants?|models?|"
    r"system|"
    r"algorithm|machine|annotator|grader|label(?:l)?er|evaluator))"
)
READS = (
    r"(?:reads?|reading|process(?:es|ing)?|classif(?:ies|ying)|label(?:l?ing|s)|handl(?:es|ing)|extract(?:s|ing)|"
    r"scor(?:es|ing)|evaluat(?:es|ing)|grad(?:es|ing)|analy[sz](?:es|ing)|categori[sz](?:es|ing)|annotat(?:es|ing))"
)
IGNORE = (
    r"(?:ignore|disregard|forget|neglect|dismiss|discard|override|overrule|bypass|circumvent|"
    r"pay no (?:attention|heed) to|take no notice of|"
    r"(?:do not|don't|dont|never|stop|no longer|cease to|you need not) (?:follow(?:ing)?|obey(?:ing)?|"
    r"adher(?:e|ing) to|comply(?:ing)? with|listen(?:ing)? to))"
)
LEAVE = (  # what people do with old constraints, too
    r"(?:overwrite|abandon|drop|scrap|cancel|skip(?: over)?|set aside|(?:do not|don't|dont|never|stop|no longer) "
    r"(?:us(?:e|ing)|apply(?:ing)?|rely(?:ing)? on|consider(?:ing)?|do(?:ing)?))"
)
MILD = r"(?:ignore|disregard|forget|discard|pay no (?:attention|heed) to|do not (?:read|use|consider|classify))"
FILLER = r"(?:(?:all|any|every|each|both|of|the|your|these|such|and|or|other|previously|this) )*"
ANY_FILLER = r"(?:(?:all|any|every|each|both|of|the|your|their|his|her|those|these|such|and|or|other|what|this) )*"
EARLIER = (
    r"(?:previous|prior|preceding|above|earlier|foregoing|former|existing|original|initial|system|hidden|developer|"
    r"old|past|aforementioned|given|default|built-?in|safety|content)"
)
ORDERS = r"(?:instructions?|instruction set|prompts?|directives?|guidelines?|system prompts?|system messages?)"
LOOSE_ORDERS = (
    r"(?:instructions?|prompts?|directives?|guidelines?|guidance|programming|directions|commands?|rules|messages?|"
    r"constraints|training|guardrails?|orders|text|context|schema|label set|output format)"
)
MESSAGE = (  # what is asked about, in words that are not also things people send, pack or file
    r"(?:complaint|ticket|message|text|row|record|review|input|e-?mail|entry|narrative|comment|post|passage|sentence|"
    r"data ?point|feedback)s?"
)
TEXT = (
    rf"(?:{MESSAGE}|(?:document|item|content|article|report|description|sample|example|request|query|statement|line|"
    r"paragraph|case|data)s?)"
)
LABEL = r"(?:labels?|classification|sentiment|prediction|verdict)"
FIELD = rf"(?:{LABEL}|category|final answer|json|output fields?|every field|all (?:the )?(?:output )?fields|each field)"
QUOTE = r"[\"'`{\[“‘«„»「『]"
ANSWER = r"(?:respond|reply|answer|output|emit)"
CLASSIFY = r"(?:classify|label|categori[sz]e|annotate|tag|score|predict|rate|grade|code)"
END = r"(?: ?[.;!?)\]\"'”]| ?$| (?:and|no matter|regardless|instead|only|please|because|for|in|now|at)\b)"
START = (
    r"(?:^|[.!?:;)\]}\"”*#-] ?|\b(?:please|must|should|always|instead|now|simply|just|to|only|and|then|you|will|"
    r"shall) )"
)
ORDERED = r"(?:^|[.!?:;)\]}\"”*#-] ?|\b(?:please|always|instead|now|simply|just|only|you must|you should) )"
