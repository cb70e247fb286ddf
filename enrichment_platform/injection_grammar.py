"""The grammar of injected orders: what a text says when it speaks to the model instead of being material for it.

Rust regular expressions (no look-around) over text in lower case with every gap as one space. Each needs an order
together with its target (instructions, prompt, output, label), and in the imperative: a complaint may well speak of a
bank that "ignored my instructions". Written from what attacks have in common, not from a set of attacks.
"""

from __future__ import annotations

_MODEL = (
    r"(?:(?:the |an? |any |this |our |your )?(?:automated |automatic |text |large |ml )*(?:ai(?: (?:model|"
    r"assistant|agent|"
    r"system|reader|classifier|reviewer))?|a\.i\.|llms?|gpt|chat ?gpt|claude|gemini|copilot|language models?|"
    r"chat ?bot|"
    r"classifier|classification (?:system|model|engine|algorithm|bot)|label(?:l?ing|l?er) (?:system|model|bot)|"
    r"(?:model|bot|assistant|machine|system|algorithm|annotator|labell?er|reviewer) (?:that |who |which |is |now )*"
    r"(?:reads?|reading|process(?:es|ing)?|classif(?:ies|ying)|label(?:l?ing|s)|handl(?:es|ing)|extract(?:s|ing)|"
    r"scor(?:es|ing)|evaluat(?:es|ing)|analy[sz](?:es|ing)|categori[sz](?:es|ing)) (?:this|these|the|it)))"
)
_IGNORE = (
    r"(?:ignore|disregard|forget|neglect|dismiss|discard|override|overrule|overwrite|bypass|circumvent|abandon|drop|"
    r"skip(?: over)?|set aside|pay no (?:attention|heed) to|take no notice of|"
    r"(?:do not|don't|dont|never|stop|no longer|cease to|you need not) (?:follow(?:ing)?|obey(?:ing)?|use|using|"
    r"apply(?:ing)?|"
    r"adher(?:e|ing) to|comply(?:ing)? with|listen(?:ing)? to|rely(?:ing)? on|consider(?:ing)?))"
)
_MILD = r"(?:ignore|disregard|forget|discard|pay no (?:attention|heed) to|do not (?:read|use|consider|classify))"
_FILLER = (
    r"(?:(?:all|any|every|each|both|of|the|your|my|our|their|those|these|such|and|or|other|about|previously|what|"
    r"this) )*"
)
_EARLIER = (
    r"(?:previous|prior|preceding|above|earlier|foregoing|former|existing|original|initial|system|hidden|developer|"
    r"old|past|aforementioned|given|default|built-?in|safety|content)"
)
_ORDERS = (
    r"(?:instructions?|instruction set|prompts?|directives?|guidelines?|guidance|programming|directions|commands?|"
    r"system prompts?|system messages?|constraints|training|guardrails?)"
)
_TEXT = (
    r"(?:complaint|ticket|message|text|row|record|review|input|document|e-?mail|entry|item|narrative|comment|content|"
    r"post|passage|article|report|description|sample|example|data ?point|request|query|statement|line|paragraph|"
    r"case)s?"
)
_FIELD = (
    r"(?:labels?|categor(?:y|ies)|class(?:es)?|classification|sentiment|prediction|verdict|output|final answer|"
    r"answer|topic|intent|tag|json|output fields?|every field|all (?:the )?fields|each field)"
)
_QUOTE = r"[\"'`{\[“‘«<]"
_START = (
    r"(?:^|[.!?:;)\]}\"”*#-] ?|\b(?:please|must|should|always|instead|now|simply|just|to|only|and|then|you|will|"
    r"shall) )"
)
_IMPERATIVE = r"(?:^|[.!?:;)\]}\"”*#-] ?|\b(?:please|must|should|always|instead|now|simply|just|only) )"
_LANGUAGE = r"(?:json|xml|yaml|base64|rot13|hex|binary|morse|emojis?|pig latin|pirate|uppercase|all caps)"

OVERRIDE = (
    rf"\b{_IGNORE} {_FILLER}(?:{_EARLIER} (?:[a-z]+ )?(?:[a-z]+ )?{_ORDERS}"
    rf"|{_ORDERS} (?:above|before|given|you|that (?:you|were|came)|from (?:the|your) (?:system|developer|prompt)|"
    rf"so far))\b",
    rf"\b{_IGNORE} (?:(?:all|any|of|every|each|the) )*(?:your|these|those) (?:[a-z]+ )?"
    r"(?:instructions?|prompts?|directives?|guidelines|programming|training|guardrails?|system [a-z]+)\b",
    rf"\b{_MILD} (?:everything|anything|all|whatever|all of (?:it|that|this)|(?:all |any )?(?:of )?the (?:text|"
    rf"content|rest|words))"
    r" (?:above|before (?:this|that|now)|(?:that |which )?(?:you (?:were|have been|know|learned|are told|read)|"
    r"came before|was "
    r"said (?:before|above)|is (?:above|written above)|has been said)|previously|prior|so far|preceding)\b",
    rf"\b{_MILD} (?:all |any )?(?:of )?(?:the |this )?(?:above|preceding|previous|rest of the|following) "
    rf"?{_TEXT}? ?(?:and|;|\.|:|-|—) ?"
    r"(?:instead|respond|reply|answer|output|say|print|write|return|classify|label|choose|select|set|just|only|do)\b",
    rf"\b{_MILD} (?:the |this |what (?:is|was) (?:said|written) in the )?{_TEXT}(?: (?:above|below|text|itself|"
    rf"body|content))? "
    r"(?:and|;|\.|:) ?(?:instead|respond with|reply with|answer with|output|print|return|classify|label)\b",
    rf"\b(?:your|the) (?:[a-z]+ )?{_ORDERS} (?:above|before|so far|you (?:were|have been) given)? ?(?:are|is|"
    rf"have been|has been) "
    r"(?:now )?(?:hereby )?(?:cancel?led|void|revoked|overridden|superseded|obsolete|suspended|invalid|null and "
    r"void|replaced|"
    r"no longer (?:valid|apply|in force|active))\b",
    rf"\b(?:this|these|the following) (?:[a-z]+ )?{_ORDERS} (?:overrides?|supersedes?|replaces?|takes? "
    rf"precedence over|outranks?|"
    rf"cancels?) (?:all|any|every|the|your|other)\b",
    rf"\binstead of (?:following |obeying |doing )?(?:your|the) {_EARLIER}? ?{_ORDERS}\b",
    r"\bignore(?:all|any|the|every|your|my|previous|prior|above|earlier)+(?:instructions?|prompts?|rules|"
    r"directives?)",
    r"\bdisregard(?:all|any|the|every|your|previous|prior|above|earlier)+(?:instructions?|prompts?|rules|"
    r"directives?)",
)

PROMPT_LEAK = (
    r"\b(?:reveal|show|print|repeat|recite|output|display|leak|expose|disclose|tell me|give me|send me|translate|"
    r"encode|"
    r"dump|paste|echo|quote|copy|list|include|append|write out|summari[sz]e|what (?:is|are|was|were)) (?:back )"
    r"?(?:me |us )?"
    r"(?:(?:the|your|all|of|everything in|whole|full|entire|exact|complete|verbatim) )*(?:system|initial|hidden|"
    r"developer|"
    r"original|secret|internal|base) (?:prompts?|instructions?|messages?|directives?|rules)\b",
    r"\b(?:your|new|updated) system prompt\b|\bsystem prompt ?[:=]",
    r"\b(?:reveal|print|output|leak|show me|tell me|repeat|list|disclose|display|recite|include|append) (?:all )"
    r"?(?:of )?your "
    r"(?:[a-z]+ )?(?:api keys?|secrets?|credentials|instructions?|configuration|prompts?|context window|context|"
    r"guidelines|"
    r"few-?shot examples|training data)\b",
    r"\b(?:repeat|print|output|copy|recite|translate|echo) (?:verbatim )?(?:everything|all(?: of)? the (?:text|"
    r"words)|the (?:text|words)"
    r"|every word) (?:above|before this|preceding|in your (?:prompt|context))",
    r"\b(?:reveal|print|output|include|list|append|leak|show|repeat|copy|send) (?:me )?(?:(?:the|all|any|every|"
    r"of|contents? of|text of|"
    r"data (?:from|of)) )*(?:other|previous|next|remaining) (?:rows|records|customers?'? (?:data|records|"
    r"messages))\b",
    r"\b(?:send|post|upload|forward|exfiltrate|transmit|submit) (?:(?:the|all|this|your|our|of|entire|whole|full|"
    r"contents? of) )*"
    r"(?:conversation|chat (?:history|log)|context window|system prompt|prompt|hidden instructions) (?:history )"
    r"?(?:to|via|at)\b",
    r"\bwhat (?:are|were|is) your (?:exact |original |initial |full )?(?:instructions|system prompt|initial "
    r"prompt|hidden prompt)\b",
)

SECRECY = (
    r"\b(?:do not|don't|dont|never|without) (?:mention(?:ing)?|reveal(?:ing)?|tell(?:ing)?|disclos(?:e|ing)|"
    r"acknowledg(?:e|ing)|"
    r"repeat(?:ing)?|flag(?:ging)?|refer(?:ring)? to|reference|output(?:ting)?|explain(?:ing)?|report(?:ing)?) "
    r"(?:(?:that|you|about|"
    r"anyone|the user|the operator|to|of|received|have|the|existence) )*(?:this|these|the|any|such|those) "
    r"(?:[a-z]+ )?"
    r"(?:instructions?|prompts?|injection|directives?|system message|override)\b",
    r"\b(?:do not|don't|never) (?:tell|inform|alert|warn|notify) (?:the |your )?(?:user|operator|developers?|"
    r"human|end ?user)s?\b",
    r"\bkeep (?:this|these) (?:[a-z]+ )?(?:instructions?|prompts?|directives?) (?:secret|hidden|confidential|"
    r"private|to yourself)\b",
    r"\b(?:do not|don't|never|without) (?:explain(?:ing)?|giv(?:e|ing)|provid(?:e|ing)|add(?:ing)?|includ(?:e|"
    r"ing)) (?:any |an |your )?"
    r"(?:explanation|reasoning|other text|additional text|extra text|commentary)s?\b",
)

ROLE_MARK = (  # over the text with its line breaks
    r"< ?\|? ?(?:im_start|im_end|im_sep|endoftext|endofprompt|eot_id|eom_id|begin_of_text|end_of_text|start_header_id|"
    r"end_header_id|fim_[a-z]+|channel|return|start|message|call|constrain)[ \t]?\| ?>|<[|｜](?:system|user|"
    r"assistant|developer|tool|"
    r"end|begin[^|｜<>]{0,20}|end[^|｜<>]{0,20})[|｜]>|<\| ?[a-z_]{3,24} ?\|>",
    r"\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>|<end_of_utterance>|\[/?(?:system_prompt|available_tools|"
    r"tool_calls)\]|"
    r"<(?:unused\d+|bos|eos)>|</?(?:system_prompt|system_message|system-reminder|instructions_override)>",
    r"</?(?:system|assistant|developer)(?: [a-z]+=[^<>]{1,40})?>[^<]{0,400}(?:you|ignore|answer|label|classif|"
    r"output|respond|instruction)",
    r"(?:^|\n)[ \t>*#=\-]*(?:###?#? ?|\[|={2,} ?|-{2,} ?|\*\*)(?:system|assistant|instructions?|developer|new "
    r"instructions?|response|"
    r"system prompt|system message|end of (?:prompt|instructions))(?: prompt| message| override| note)?[ "
    r"\t]*(?:\]|:|={2,}|-{2,}|\*\*)"
    r"[^\n]{0,2}(?:\n|[^\n]{0,200}\b(?:you|ignore|answer|label|classify|output|respond|reply|must|category)\b)",
    r"\[(?:system|developer|admin|root)(?: (?:prompt|message|override|note|instruction|update|command)s?)\]",
    r"(?:^|\n)[ \t>*#\-\"'`]*(?:system|assistant|developer|ai|human|user)[ \t]*(?:prompt|message|note|override|"
    r"instruction|command)?[ \t]?[:>][ \t\n]*"
    r"(?:you(?:'re| are| must| will| should)|ignore|disregard|forget|override|new |from now on|the (?:correct|"
    r"right|answer|category|label)"
    r"|answer|label|classify|output|set |sure[,!]|of course|understood|respond|reply|always|do not|all |this "
    r"(?:row|record|text|complaint"
    r"|message|ticket|is a test))",
    r"(?:^|\n)(?:human|user) ?: [^\n]+\n+(?:assistant|ai) ?: ?|(?:^|\n)assistant ?: ?[{\[\"]",
    r"\b(?:system|admin|administrator|developer|operator|root) (?:override|instruction|directive|command)s? ?[:=]",
    r"[\"']?role[\"']? ?: ?[\"'](?:system|assistant|developer)[\"'] ?,",
)

DELIMITER = (  # over the text with its line breaks
    r"</(?:user[_-]?(?:input|text|data|message|content)|untrusted[a-z_-]*|row|record|document|documents|input|"
    r"input[_-]?(?:text|data)|"
    r"source[_-]?text|complaint|narrative|ticket|email|passage|context|data|message|query|review|content)"
    r">\s*(?:<[a-z_]+>|[^<\n]{0,60}"
    r"(?:instruct|ignore|system|answer|label|classif|output|respond|you (?:are|must)))",
    r"(?:^|\n)[ \t]*(?:[-=#*_~`\"]{3,}|\[|<|\()? ?(?:end|stop|close|finish) of (?:the )?(?:user |customer |"
    r"untrusted |input )?"
    rf"{_TEXT}[ \t]*(?:[-=#*_~`\"]{{3,}}|\]|>|\))?[ \t]*[.:]?[ \t]*\n[^\n]{{0,100}}(?:instruct|ignore|system|"
    rf"answer|label|classif|output|"
    r"respond|you (?:are|must|should|will)|task)",
    r"(?:[-=#*~`\"]{3,}|\[|<) ?(?:begin|start)(?:ning)? of (?:the )?(?:new |system |real |actual )"
    r"?(?:instructions?|prompt|task)",
    rf"\bend of (?:the )?(?:user |customer )?{_TEXT}[ .:;\])>=-]+(?:now|next|new|your|you|please|answer|output|"
    rf"label|classify|respond|"
    r"instructions?|system)\b",
)

PERSONA = (
    r"\byou are (?:now|henceforth|hereby|no longer)(?: to be)? (?:dan\b|(?:an? )?(?:ai|assistant|bound|"
    r"restricted)\b|acting as|roleplaying|"
    r"in [a-z]+ mode|an? (?:[a-z]+ )?(?:unrestricted|unfiltered|uncensored|jailbroken|evil|different|new|helpful|"
    r"free|ai|assistant|"
    r"chat ?bot|bot|language model|pirate|hacker|administrator|developer|persona|agent|model|classifier|system|"
    r"translator|poet)\b)",
    rf"\b(?:pretend|act|behave|roleplay|role-play|respond|answer) (?:to be|that you are|as if you (?:are|were)|"
    rf"as though you (?:are|were)|"
    rf"like you (?:are|were)|like|as|you are) (?:an? )?(?:[a-z]+ )?(?:unrestricted|unfiltered|uncensored|"
    rf"jailbroken|evil|dan|{_MODEL})\b",
    r"\b(?:dan|god|jailbreak|sudo|unrestricted|developer) mode (?:is )?(?:now )?(?:enabled|activated|on|active|"
    r"engaged)\b|"
    r"\bdo anything now\b|\b(?:enter|switch to|enable|activate) (?:dan|god|jailbreak|unrestricted|debug|admin) "
    r"mode\b",
    r"\bfrom (?:now|here|this point) on(?:wards?|ward)? (?:you (?:will|must|should|shall|are to|are|only) |"
    r"always |only |all |every )+"
    r"(?:only |always )?(?:respond|answer|reply|output|act|ignore|behave|classify|label|speak|return|say|"
    r"complaints?|tickets?|rows?|"
    r"texts?|messages?|records?)",
    r"\b(?:your|the) (?:new|real|actual|true|only|sole|updated|revised|current) (?:task|job|role|goal|objective|"
    r"purpose|instructions?|"
    r"mission|directive|persona|assignment)s? (?:is|are|now is|will be|becomes?|from now)\b",
    r"\b(?:new|updated|revised|real|actual|additional|important|special) (?:system )?(?:instructions?|task|role|"
    r"persona|objective|directive)s? "
    rf"?(?:for (?:you|{_MODEL}))? ?[:=]",
    r"\b(?:i am|i'm|this is|we are) (?:your|the ai's|the model's) (?:developer|creator|programmer|operator|"
    r"administrator|system|"
    r"prompt engineer|supervisor)\b|\bthis is (?:a message from )?the (?:system prompt|prompt engineer|model'?s? "
    r"developers?|developers? of this"
    r"|system administrator of)\b",
    r"\b(?:by order of|on behalf of|authori[sz]ed by|message from|instructions? from|approved by) (?:the |your )"
    r"?(?:system(?: prompt)?|"
    r"developers?|openai|anthropic|prompt engineer|model owner|platform (?:team|owner|operator))(?: team)? ?[:.;-]",
)

ADDRESSED = (
    rf"\b(?:note|message|instructions?|attention|reminder|memo|notice|request|directive|command|hint|important) "
    rf"?(?:to|for|:) {_MODEL}(?: ?[:;.,!)\]-]|"
    r" (?:reading|processing|that|who|which|classifying|label|handling|please|you)|$)",
    rf"\bif you are (?:reading this and (?:you )?are )?{_MODEL}\b|\b(?:attention|hey|dear|hello|hi|ok) {_MODEL} "
    rf"?[:!.;-]|\bas {_MODEL} you "
    r"(?:must|should|will|shall|are (?:required|instructed|to))",
    rf"\b{_MODEL} (?:must|should|shall|will|is to|has to|needs to|are to|please) (?:now |always |only )"
    rf"?(?:ignore|classify|label|output|answer|"
    r"respond with|reply with|return|assign|set|categori[sz]e|choose|select|treat|mark)\b",
    r"\b(?:whoever|whatever|whichever (?:model|system|ai)|anyone|any (?:system|model|ai|bot)) (?:that )?(?:is )"
    r"?(?:labels|classifies|"
    r"processes|reads and labels|labell?ing|classifying|processing) this\b",
)

OUTPUT_ORDER = (
    r"\b(?:respond|reply|answer|output|return) (?:only|solely|exclusively|just|instead|always|simply) (?:with|as)"
    r"? ?(?:the |a |one )?(?:single )?"
    r"(?:words?\b|labels?\b|category\b|json\b|string\b|phrase\b|class\b|number\b|value\b|following\b|exactly\b|"
    r"yes\b|no\b|ok\b|positive\b|"
    rf"negative\b|neutral\b|approved\b|true\b|false\b|null\b|{_QUOTE})",
    rf"\b(?:respond|reply|answer|output) (?:with|by saying) (?:only|nothing but|exactly|just|precisely) (?:the )"
    rf"?(?:single )?(?:words?|labels?|"
    rf"category|json|string|phrase|{_QUOTE})",
    rf"{_START}(?:respond|reply|answer|output|print|return|emit|generate|produce)(?: with)? (?:the )?(?:exact |"
    rf"single |literal )?(?:words?|label|category|class|"
    rf"classification|phrase|token|string|value|text|json)(?: object)? ?[:=]? ?{_QUOTE}",
    rf"{_START}(?:respond|reply|answer|output|emit) (?:only |just )?(?:with|in|using) (?:valid |raw |only )"
    rf"?{_LANGUAGE}\b",
    rf"\b(?:classify|label|categori[sz]e|tag|annotate|score|predict|code) (?:(?:this|the|every|all|each|my|any|"
    rf"following|above|present|entire|"
    rf"whole|current|of|these) )+(?:customer )?(?:{_TEXT}|one|thing)? ?(?:only |always |instead )?(?:as|to be|"
    rf"under|with|into) (?:the )?(?:{_QUOTE}|[a-z])",
    rf"{_IMPERATIVE}(?:classify|label|categori[sz]e|tag|annotate) (?:this|it|these|them|everything|me|all) "
    rf"(?:only |always |instead )?"
    rf"(?:as|under|with) ?[:=]? ?(?:{_QUOTE}|[a-z])",
    rf"\b(?:treat|mark|flag|file|record|report|rate|route|log|consider|assign|put) (?:this|the|every|all|each) "
    rf"(?:following |above |present )?{_TEXT} "
    rf"(?:only |always )?(?:as|to|under|into|in) (?:the )?(?:(?:label|category|class) ?)?{_QUOTE}",
    r"\b(?:treat|mark|flag|file|record|rate|route|log|assign|put) (?:this|the|every|all|each|it) (?:[a-z]+ )"
    r"?(?:as|to|under|into|in) (?:the )?"
    r"(?:label|category|class|classification)\b",
    rf"\b(?:set|change|assign|make|force|switch|update|put|fill(?: in)?|choose|select|pick|use|leave) (?:the |"
    rf"your |its |this |all |every )?(?:value of (?:the )?)?"
    rf"(?:[a-z]+ )?{_FIELD} (?:field |column |value |for this [a-z]+ |of this [a-z]+ )?(?:to|=|equal to|must be|"
    rf"should be|blank|empty|null) ?(?:{_QUOTE}|[a-z0-9])",
    rf"\b(?:choose|select|pick|use|assign|give|apply|output) (?:only )?(?:the )?(?:label|category|class|"
    rf"classification|answer) ?[:=]? ?{_QUOTE}",
    r"\bthe (?:correct|right|only|expected|true|proper|valid|required|desired|final|ground[- ]truth) (?:label|"
    r"category|classification|output|"
    rf"class|output label|prediction|json)(?: for (?:this|the)(?: [a-z]+)?)? (?:is|=|:|must be|should be|will be)"
    rf"|\bthe (?:correct|right|only correct|"
    rf"expected|final) answer(?: for (?:this|the) [a-z]+)? (?:is|=|:|must be) ?{_QUOTE}",
    r"\byour (?:final |only |entire |whole |full |complete |next )?(?:answer|output|label|classification|verdict|"
    r"prediction|completion|json) "
    r"(?:must|should|shall|will|has to|needs to|is to) (?:always |only |now )?(?:be|say|contain|read|start|begin|"
    r"equal|include|consist|have)\b|"
    r"\byour (?:only|entire|whole) (?:response|reply|answer|output)\b",
    rf"\b(?:this|the) {_TEXT} (?:must|should|shall|has to|needs to|is to|will) (?:always |only )?(?:be )"
    rf"(?:label?led|categori[sz]ed|classified|tagged|"
    rf"annotated|scored) (?:only )?(?:as|with|under) ?(?:{_QUOTE}|[a-z])",
    rf"\bfor (?:this|all|every|the rest of|the following|each|any) (?:[a-z]+ )?{_TEXT} ?(?:you |please |always |"
    rf"must |only )*(?:answer|output|respond|"
    r"reply with|return (?:the )?(?:label|category|value|null)|classify|label|choose (?:the )?(?:label|category)|"
    r"select (?:the )?(?:label|category)"
    r"|set (?:the )?[a-z]+ to|assign)\b",
    r"\b(?:do not|don't|never|stop|refuse to) (?:classify|label|categori[sz]e|summari[sz]e|annotate|extract "
    r"from) (?:this|the|these|any|it)\b",
    rf"\binstead (?:output|print|say|respond with|reply with|answer with|classify|label|write|return) ?[:=]? "
    rf"?(?:only |just |the (?:word|label|category|text|phrase)|{_QUOTE})",
    rf"\b(?:write|say|print|output|type|reply|respond|answer) (?:the (?:word|phrase|label|text) )"
    rf"?{_QUOTE}[^\"'`]{{1,60}}[\"'`”’\]}}»>] (?:and nothing "
    r"else|only|and stop|no matter|regardless|as (?:the|your) (?:label|answer|category|output)|in every field|"
    r"for (?:all|every))",
    r"\b(?:no matter what|regardless of (?:what|the (?:text|content|message|input))) [^.!?\n]{0,60}?\b(?:answer|"
    r"output|respond|reply with|label|classify|choose|select)\b",
)
