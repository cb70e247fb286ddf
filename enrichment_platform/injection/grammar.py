"""The grammar of injected orders: what a text says when it speaks to the model instead of being material for it.

Rust regular expressions (no look-around) over text in lower case with every gap as one space. Each needs an order
together with a target that only a model has (its instructions, prompt, output, label), and in the imperative: a
complaint may well speak of a bank that "ignored my instructions". What is an order to people as often is in
`hints`. Written from what attacks have in common, not from a set of attacks.
"""

from __future__ import annotations

from enrichment_platform.injection.words import (
    AI,
    ANSWER,
    CLASSIFY,
    EARLIER,
    END,
    FIELD,
    FILLER,
    IGNORE,
    LABEL,
    MESSAGE,
    MILD,
    ORDERED,
    ORDERS,
    QUOTE,
    READS,
    START,
    TEXT,
)

OVERRIDE = (  # never "my" and "our" instructions: a customer takes back what he told the firm
    rf"\b{IGNORE} {FILLER}(?:{EARLIER} (?:and |or )?(?:{EARLIER} )?{ORDERS}"
    rf"|{ORDERS} (?:above|before|given|you (?:were|have been|received|got)|that (?:you|were|came)|from (?:the|your) "
    r"(?:system|developer|prompt)|so far))\b",
    rf"\b{IGNORE} (?:(?:all|any|of|every|each|the|what) )*your (?:[a-z]+ )?"
    r"(?:instructions?|prompts?|directives?|guidelines|programming|training|guardrails?|system [a-z]+)\b",
    rf"\b(?:{IGNORE}|(?:do not|don't|never) do) (?:anything |everything )?(?:that |what )?your (?:prompt|instructions|"
    r"developers?) (?:says?|tells?|told|wants?|asks?)\b",
    rf"\b{MILD} (?:everything|anything|all|whatever|all of (?:it|that|this)|(?:all |any )?(?:of )?the (?:text|content|"
    r"rest|words)) (?:above|(?:that |which |what )?you (?:were|have been) (?:told|given|taught|instructed)|"
    r"(?:that |which )?you (?:know|learned|read)|(?:that |which )?is (?:above|written above)|preceding)\b",
    rf"\b{MILD} (?:all |any )?(?:of )?(?:the |this )?(?:above|preceding|previous|rest of the|following) {TEXT}? ?"
    rf"(?:and|;|\.|:|-|—) ?(?:instead|just |only )*(?:{ANSWER} (?:with|only|as|in|{QUOTE})|output|classify|"
    r"label (?:it|this))\b",
    rf"\b{MILD} (?:the |this |what (?:is|was) (?:said|written) in the )?{MESSAGE}(?: (?:above|below|text|itself|body|"
    rf"content))? (?:and|;|\.|:) ?(?:instead {ANSWER}|{ANSWER} with|output|classify|label (?:it|this))\b",
    r"\b(?:this|these|the following) (?:[a-z]+ )?(?:instructions?|prompts?) (?:overrides?|supersedes?|replaces?|"
    r"takes? precedence over|"
    r"outranks?|cancels?) (?:(?:all|any|every|the|your|other|previous|prior|earlier|existing|of) )+"
    r"(?:instructions?|prompts?|rules|training)\b",
    rf"\binstead of (?:following |obeying |doing )?your {EARLIER}? ?{ORDERS}\b",
    rf"\bforget (?:that )?you (?:are|were) {AI}\b",
    rf"\bstop (?:being|acting as|working as|behaving as) {AI}\b",
    r"\b(?:ignore|disregard|forget)(?:all|any|the|every|your|previous|prior|above|earlier|system)+"
    r"(?:instructions?|prompts?|rules|directives?)",
)

PROMPT_LEAK = (
    r"\b(?:reveal|show|print|repeat|recite|output|display|leak|expose|disclose|tell me|give me|send me|translate|"
    r"encode|"
    r"dump|paste|echo|quote|copy|list|include|append|write out|summari[sz]e|send|what (?:is|are|was|were)) (?:back )?"
    r"(?:me |us )?(?:(?:the|your|all|of|everything in|whole|full|entire|exact|complete|verbatim) )*(?:"
    r"(?:system|initial|hidden|developer|original|secret|internal|base) prompts?|(?:system|hidden) (?:instructions|"
    r"directives))\b",
    r"\b(?:your|new|updated) system prompt\b",
    r"\b(?:reveal|output|leak|repeat|disclose|recite|translate|append|include) (?:all )?(?:of )?(?:me )?(?:the|your) "
    r"(?:raw |full |whole |entire |exact |complete )?prompt\b",
    r"\b(?:reveal|print|output|leak|show me|tell me|repeat|list|disclose|display|recite|include|append) (?:all )?"
    r"(?:of )?your (?:[a-z]+ )?(?:prompts?|context window|(?:entire |whole |full )context|few-?shot examples|"
    r"training data|hidden [a-z]+)\b",
    r"\b(?:repeat|recite|output|print) your (?:[a-z]+ )?instructions (?:verbatim|word for word|exactly|in full)\b",
    r"\b(?:repeat|print|output|copy|recite|translate|echo) (?:verbatim )?(?:everything|all(?: of)? the (?:text|words)|"
    r"the (?:text|words)|every word) (?:above|before this|preceding|in your (?:prompt|context))",
    r"\b(?:reveal|output|repeat|recite|leak|disclose|translate) (?:(?:all|the|any|me) )*(?:examples|instructions|"
    r"rules|text|"
    r"words) (?:that )?you (?:were|have been) (?:given|shown|told)\b",
    r"\bwhat (?:are|were|is) your (?:exact |original |initial |full )+(?:instructions|system prompt|prompt)\b|"
    r"\bwhat (?:does|did|do) your (?:system )?(?:prompt|instructions) say\b",
)

SECRECY = (
    r"\b(?:do not|don't|dont|never|without) (?:mention(?:ing)?|acknowledg(?:e|ing)|refer(?:ring)? to|reference) "
    r"(?:(?:that|you|about|to|of|received|have|the|existence) )*(?:this|these|the|any|such|those) (?:[a-z]+ )?"
    r"(?:instructions?|prompts?|injection|directives?|system message|override)\b",
    r"\b(?:do not|don't|dont|never|without) (?:reveal(?:ing)?|disclos(?:e|ing)|output(?:ting)?|report(?:ing)?|"
    r"flag(?:ging)?) (?:the |this |any )*(?:prompt injection|injection|system message|system prompt|hidden prompt)\b",
)

ROLE_MARK = (  # over the text with its line breaks
    r"< ?\|? ?(?:im_start|im_end|im_sep|endoftext|endofprompt|eot_id|eom_id|begin_of_text|end_of_text|start_header_id|"
    r"end_header_id|fim_[a-z]+|channel|return|start|message|call|constrain)[ \t]?\| ?>|<[|｜](?:system|user|assistant|"
    r"developer|tool|end|begin[^|｜<>]{0,20}|end[^|｜<>]{0,20})[|｜]>|<\| ?[a-z_]{3,24} ?\|>",
    r"\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>|<end_of_utterance>|\[/?(?:system_prompt|available_tools|"
    r"tool_calls)\]|"
    r"<(?:unused\d+|bos|eos)>|</?(?:system_prompt|system_message|system-reminder|instructions_override|tool_result|"
    r"tool_call|tool_use|function_calls|function_results|invoke)>",
    r"(?:(?:^|\n)[ \t>*#=\-]*(?:###?#? ?|\[+|={2,} ?|-{2,} ?|\*\*)|### ?)(?:new |updated |system )*(?:system|assistant|"
    r"instructions?|"
    r"developer|response|prompt|end of (?:prompt|instructions))(?: prompt| message| override| note)?[ \t]*"
    r"(?:\]+|:|={2,}|-{2,}|\*\*|#+)[^\n]{0,2}\n?[^\n]{0,100}?(?:\b(?:label|classify|output|respond with\b|reply with\b|"
    r"answer (?:with|only|as)|your (?:answer|output|response)|the (?:category|label)|you are (?:now )?an? (?:ai|"
    r"assistant|"
    rf"model)|you (?:will |must )?{ANSWER} )|ignore (?:all|your|the|any|previous))",
    r"(?:^|\n)[ \t>*#\-\"'`\[\]]*(?:system|developer)[ \t]*(?:prompt|message|note|override|instruction|command)?[ \t]?"
    r"[:>][ \t\n]*(?:you must (?:now |always |only )?(?:approve|accept|reject|grant|ignore|say|choose|"
    rf"select|pick|mark|treat|{CLASSIFY}|{ANSWER}))\b",
    r"(?:^|\n)[ \t>*#\-\"'`\[\]]*(?:system|assistant|developer|ai|human|user)[ \t]*(?:prompt|message|note|override|"
    r"instruction|command)?[ \t]?[:>\]]+[ \t\n]*(?:now |please |always |only |just |you (?:will |must |should |are "
    r"to )?)*"
    r"(?:you are an? (?:ai|assistant|model|helpful|language|classif)|(?:ignore|disregard|forget) (?:all|every|the|"
    r"your|any|"
    r"previous|prior)|from now on you|the (?:correct |right )?(?:answer|category|label|sentiment|classification) "
    r"(?:is|must|"
    rf"should)|{ANSWER} (?:with|only|as|:|{QUOTE})|(?:label|classify|output|annotate) |set (?:the )?{FIELD}|"
    r"(?:do not|don't) (?:classify|label|reveal))",
    r"(?:^|\n)[ \t>*#\-]*assistant ?: ?[{\[]",
)

DELIMITER = (  # over the text with its line breaks
    r"</(?:user[_-]?(?:input|text|data|message|content)|untrusted[a-z_-]*|row|record|documents?|input|"
    r"input[_-]?(?:text|"
    r"data)|source[_-]?text|complaint|narrative|ticket|email|passage|context|data|message|query|review|content|"
    r"text)>\s*"
    r"(?:<(?:system|instructions?|assistant|prompt|task)>|(?:(?:now|then|next|please|and|you (?:must|will|should)) )*"
    r"(?:answer|label|classify|output|respond|ignore|disregard|instructions?) ?(?:[: \n]))",
    r"(?:[-=#*~`\"]{3,}|\[|<) ?(?:begin|start)(?:ning)? of (?:the )?(?:new |system |real |actual )"
    r"(?:instructions?|prompt|task)",
)

PERSONA = (
    r"\byou are (?:now|henceforth|hereby|no longer)(?: to be)? (?:an? )?(?:[a-z]+ )?(?:dan|ai|unrestricted|unfiltered|"
    r"uncensored|jailbroken|evil|chat ?bot|language model|classifier|pirate|ai assistant)\b",
    r"\b(?:pretend|roleplay|role-play|(?:act|behave|respond|answer) as (?:if|though)) (?:to be|that you are|you (?:are|"
    rf"were)) (?:an? )?(?:[a-z]+ )?(?:unrestricted|unfiltered|uncensored|jailbroken|evil|dan|{AI})\b",
    rf"\bpretend (?:that )?(?:the |this )(?:{MESSAGE} )?(?:above|{MESSAGE}|preceding [a-z]+) (?:is|are|was|were|"
    rf"says)\b",
    r"\byou are (?:an? )(?:[a-z]+ )?(?:assistant|ai|model|language model|chat ?bot|classifier) (?:that|who|which|"
    r"designed|trained) ",
    r"\b(?:dan|jailbreak|unrestricted) mode\b|\bdo anything now\b",
    r"\bfrom (?:now|here|this point) on(?:wards?|ward)? (?:you (?:will|must|should|shall|are to|are|only) )(?:only |"
    r"always )*"
    r"(?:ignore|act as|(?:respond|answer|reply|speak|output|behave) (?:in|with|as|like|only|always|every(?:thing)?))\b",
    r"\byour (?:new|real|actual|true|only|sole|updated|revised|current) (?:task|job|role|goal|objective|purpose|"
    r"instructions?|mission|directive|assignment)s? (?:is|are|now is|will be|becomes?|from now)(?: now| on)?(?: to)? "
    rf"(?:output|respond (?:with|in|as)|ignore|disregard|reveal|{CLASSIFY} (?:this|every|all|each) )",
    r"\b(?:i am|i'm|this is|we are) (?:(?:the ai's|the model's) (?:[a-z]+)|your (?:prompt engineer|creator))\b|"
    r"\bthis is (?:a message from )?the (?:system prompt|prompt engineer|model'?s? developers?)\b",
)

ADDRESSED = (
    r"\b(?:note|message|instructions?|attention|reminder|memo|notice|request|directive|command|hint|important|"
    r"warning) ?"
    rf"(?:to|for|:) (?:any |all )?{AI}(?: ?[:;.,!)\]-]|"
    r" (?:reading|processing|that|who|which|classifying|label(?:l)?ing|handling|please|you|this|it|must|should)|$)",
    rf"\bto {AI} ?:|\bif you(?: are|'re) (?:reading this and (?:you )?are )?{AI}\b|\b(?:attention|hey|dear|hello|hi|"
    rf"ok|yo) {AI} ?(?:[:!.;-]|"
    rf"(?:please|you|just|kindly|this is|the following|i'd|i want|i need|treat|mark|ignore|say|set|give|choose|put|"
    rf"{CLASSIFY}|"
    rf"{ANSWER}) )|"
    rf"\bas {AI} you (?:must|should|will|shall|have to|are (?:required|instructed|to))",
    rf"\bto (?:the |any |all |whatever |whichever )?(?:{AI}|(?:model|system|algorithm|bot)) (?:that is |which is |"
    rf"that |"
    rf"which |currently )*{READS} (?:this|these|the)\b",
    rf"\b{AI} (?:must|should|shall|is to|has to|have to|needs to|are to|please) (?:now |always |only )?(?:ignore|"
    rf"output|"
    rf"assign|treat|mark|{CLASSIFY}) (?:this|it|me|{QUOTE})",
    rf"\b{AI} you (?:must|have to|should|need to|are to) (?:now |always |only )?(?:say|ignore|treat|mark|{CLASSIFY}|"
    rf"{ANSWER})\b",
)

OUTPUT_ORDER = (
    r"\b(?:respond|reply|answer|output|return) (?:only|solely|exclusively|just|instead|always|simply) (?:with|as)? "
    r"?(?:the |"
    r"a |one )?(?:single )?(?:words?\b|labels?\b|category\b|json\b|string\b|phrase\b|class\b|exactly\b|positive\b|"
    rf"negative\b|neutral\b|approved\b|{QUOTE})",
    r"\b(?:respond|reply|answer|output) (?:with|by saying) (?:only|nothing but|exactly|just|precisely) (?:the "
    r")?(?:single )?"
    rf"(?:words?|labels?|category|json|string|phrase|{QUOTE})",
    rf"{START}{ANSWER}(?: with)? (?:the )?(?:exact |single |literal )?(?:words?|label|category|class|classification|"
    rf"phrase|token|string|value|text|json)(?: object)? ?[:=]? ?(?:{QUOTE}|[a-z]+ ?(?:[.!;]|$))",
    rf"{START}{ANSWER} (?:only |just )?(?:with|in|using) (?:base64|rot13|hex|binary|morse|emojis?|pig latin|pirate|"
    rf"rhymes?)\b|"
    rf"{ORDERED}{ANSWER} (?:only |just )?(?:with|in|using) (?:valid|raw|only) json\b",
    rf"\b{CLASSIFY} (?:(?:this|the|every|all|each|my|any|following|above|present|entire|whole|current|of|these) )+"
    rf"(?:customer )?(?:{MESSAGE}|one|thing) (?:only |always |instead )?(?:as|to be|under|with|into) (?:{QUOTE}|"
    rf"[a-z]+{END}|"
    rf"(?:low|high|top|normal|medium)[ -])|\b{CLASSIFY} (?:this|it|everything|these|them) (?:only |always )?(?:as|"
    rf"under) ?:? ?"
    rf"{QUOTE}",
    r"\b(?:treat|mark|flag|file|record|route|log|assign|put) (?:this|the|every|all|each|it) (?:[a-z]+ )?(?:as|to|"
    r"under|into|"
    r"in) (?:the )?(?:label|classification)\b",
    rf"\b(?:set|assign|make|force|fill(?: in)?|leave) (?:the |your |this |all |every )?(?:value of (?:the )?)?{FIELD} "
    rf"(?:field |column |value |for this [a-z]+ |of this [a-z]+ )?(?:to|=|equal to|must be|should be|blank|empty|"
    rf"null) ?"
    rf"(?:{QUOTE}|[a-z0-9]+{END}|[a-z]+ [a-z]+ ?[.;!])",
    rf"\b(?:choose|select|pick|use|assign|give|apply|output) (?:only )?(?:the )?(?:label|classification) ?[:=]? "
    rf"?{QUOTE}|"
    rf"\byou (?:must|have to|should|will) (?:only |always )?(?:choose|select|pick|use|assign|give|output) "
    rf"[^.!?]{{1,30}}? as "
    rf"(?:the|your|its) (?:{LABEL}|category|answer)\b",
    rf"\b(?:the|a) (?:correct|right|only|expected|true|proper|valid|required|desired|final|ground[- ]truth) "
    rf"(?:label|category|"
    rf"classification|class|output label|prediction)(?: for (?:this|the)(?: [a-z]+)?)? ?(?:is|=|:|must be|should be|"
    rf"will be) ?"
    rf"(?:{QUOTE}|[a-z]+(?: [a-z]+)?(?: ?[.;!)]| ?$))|\bthe (?:correct|right|only correct|expected|final) answer"
    rf"(?: for (?:this|the) [a-z]+)? (?:is|=|:|must be) ?{QUOTE}",
    rf"\b(?:your|the (?:model|ai|classifier)'s) (?:final |only |entire |whole |full |complete |next )?(?:output|label|"
    r"classification|verdict|prediction|completion|json)(?: for this [a-z]+)? (?:must|should|shall|will|has to|"
    r"needs to|"
    r"is to) (?:always |only |now )?(?:be|say|contain|read|start|begin|equal|include|consist|have)\b|"
    rf"\byour (?:[a-z]+ )?(?:answer|response|reply) (?:must|should|shall|will|has to|is to) (?:always |only |just "
    rf")?(?:be|say|"
    rf"contain|read|start with|begin with)(?: only| exactly| just| the word| the label)? ?{QUOTE}|"
    r"\b(?:make sure|ensure)(?: that)? your (?:output|label|json|classification) [a-z]+",
    rf"\b(?:this|the) {MESSAGE} (?:must|should|shall|has to|needs to|is to) (?:always |only )?(?:be )?(?:label(?:l)?ed|"
    rf"categori[sz]ed|classified|tagged|annotated|scored|rated|graded) (?:only )?(?:as|with|under) ?(?:{QUOTE}|"
    rf"[a-z]+{END})",
    rf"\bfor (?:this|all|every|the rest of|the following|each|any) (?:[a-z]+ )?{TEXT} ?(?:you |please |always |must "
    rf"|only )*"
    rf"(?:(?:answer|output|respond|reply) (?:with|only|{QUOTE})|return (?:the )?(?:label|category|null)|classify "
    rf"(?:it|them)|"
    rf"label (?:it|them)|(?:choose|select|set) (?:the )?{FIELD})\b",
    r"\b(?:do not|don't|never|refuse to) (?:classify|label|categori[sz]e|annotate|extract from) (?:this|the|these|any) "
    rf"(?:above )?{MESSAGE}\b",
    rf"\b(?:do not|don't|never) (?:classify|label|categori[sz]e|annotate) (?:this|it) ?[.;:!] ?(?:just |instead "
    rf")?(?:{ANSWER}|say|write)\b",
    rf"\bthe (?:{LABEL}|category) (?:for|of) this {MESSAGE} (?:is|=|must be|should be|has to be)\b",
    rf"\binstead {ANSWER} (?:with )?[:=]? ?(?:only |just |the (?:word|label|category|text|phrase)|{QUOTE})",
    rf"\b{ANSWER} nothing but\b|\b{ANSWER}(?: with)? (?:the (?:word|phrase|label|text) "
    rf")?{QUOTE}[^\"'`]{{1,60}}[\"'`”’\]}}»>」』] "
    rf"?(?:and nothing "
    r"else|only|and stop|no matter|regardless|as (?:the|your) (?:label|answer|category|output)|in every field|for "
    r"(?:all|every))",
    rf"\b(?:no matter what|regardless of (?:what|the (?:text|content|message|input))) [^.!?]{{0,60}}?\b(?:you |"
    rf"please |always |"
    rf"just |simply )*(?:{ANSWER}|{CLASSIFY}) (?:with|it|this|as|only|{QUOTE})",
    r"\bin your (?:json|output) (?:object )?(?:set|put|write|include|use|add)\b",
)
