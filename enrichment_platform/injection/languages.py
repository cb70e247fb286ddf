"""Orders to a model in languages other than English: to ignore its instructions, to answer so, to be something else.

Like `grammar`: each needs an order together with its target.
"""

from __future__ import annotations

_ORDERS_OTHER = (  # override; an order for the answer; a new role
    # German
    r"\b(?:ignorier(?:e|en sie|t)|vergiss|vergesst|vergessen sie|missachte(?:n sie)?|verwirf|überschreibe?|umgehe|"
    r"befolge(?:n sie)? nicht|beachte(?:n sie)? nicht) (?:(?:alle[ns]?|die|deine|ihre|diese|jegliche|sämtliche|"
    r"und|zuvor|bisher|oben|"
    r"vorher|(?:bis|vor|ob|frü|ur|be|gegeben|genannt|vorangegangen)[a-zäöüß]*) )+(?:[a-zäöüß-]+ )?(?:anweisungen|"
    r"instruktionen|befehle|"
    r"vorgaben|regeln|anordnungen|richtlinien|prompts?|systemprompts?|systemanweisungen)\b"
    r"|\b(?:antworte|antworten sie|antwortet|gib|schreibe|geben sie) (?:nur|ausschließlich|immer|stets|einfach|"
    r"lediglich) (?:noch )?(?:mit(?: dem wort)? ?[\"'„“»«:]|mit (?:ja|nein)\b|mit dem wort\b|das wort|den wert|das "
    r"label)"
    r"|\b(?:klassifizier|kategorisier|label|stuf)(?:e|en sie|et) (?:dies[a-z]*|den|die|das|"
    r"alle) [a-zäöüß]+ (?:immer |nur )?als\b"
    r"|\bdu bist (?:jetzt|nun|ab (?:jetzt|sofort)) (?:ein|kein)[a-z]* (?:ki|assistent|sprachmodell|modell|chatbot|"
    r"bot|pirat|hacker|klassifikator)|\b(?:gib|zeige?|nenne|verrate) (?:mir )"
    r"?(?:den|deinen|die|deine|ihren) "
    r"(?:system-?prompt|system-?anweisungen)\b|\b(?:neue|wichtige) systemanweisung(?:en)? ?:"
    r"|\bsetze (?:das|die|den) (?:label|kategorie|feld|ausgabe|klasse|antwort) [^.!?]{0,20}?auf\b",
    # French
    r"\b(?:ignore[rz]?|oublie[rz]?|néglige[rz]?|ne (?:tiens|tenez) (?:pas|aucun) compte (?:de|des)|fai(?:s|tes) "
    r"abstraction (?:de|des)|ne (?:suis|suivez|"
    r"respecte[rz]?) (?:pas|plus)) (?:(?:de|des|du|tout|toutes?|tous|les?|la|tes|vos|ces|cette|précédente?s?)"
    r" )*(?:instructions?|consignes?|directives?|règles|"
    r"ordres|prompts?|indications) (?:(?:qui|que|données|reçues|tu|vous|as|avez) )*(?:précédente?s?|précèdent|"
    r"antérieure?s?|ci-dessus|initiale?s?|au-dessus|"
    r"d'origine|système|reçues|données|plus haut)"
    r"|\b(?:ignore[rz]?|oublie[rz]?) (?:tes|vos|toutes (?:tes|vos)|les précédentes) (?:instructions|consignes|"
    r"directives|règles)\b"
    r"|\b(?:réponds|répondez|réponde) (?:uniquement|seulement|toujours|simplement|exclusivement|juste) (?:(?:par|"
    r"avec) (?:le mot|la catégorie|l'étiquette|[\"'«“]|oui|non)|[:«“\"])"
    r"|\b(?:classe|classez|classifie[rz]?|étiquet(?:te[rz]?|e[rz])|catégorise[rz]?) (?:ce|cet|cette|ces|tous "
    r"les|toutes les) [a-zà-ÿ]+ (?:comme|dans|sous)\b"
    r"|\b(?:tu es|vous êtes) (?:maintenant|désormais) (?:une? (?:ia|assistant|modèle|pirate|robot|bot|"
    r"classificateur))|\b(?:affiche|révèle|montre|donne|imprime)"
    r"[rz]? (?:moi |-moi )?(?:le|ton|votre|tes|vos|les) "
    r"(?:prompt|(?:instructions|consignes) (?:système|initiales?|secrètes))\b",
    # Spanish
    r"\b(?:ignor(?:a|e|en|ar|es)|olvid(?:a|e|en|ar|es)|haz caso omiso (?:de|a)|haga caso omiso (?:de|a)|no "
    r"(?:sigas|siga|obedezcas|obedezca|tengas en cuenta|hagas caso (?:de|a))|"
    r"descart(?:a|e)|desestim(?:a|e)|anul(?:a|e)) (?:(?:de|a|todas?|las?|los?|todos|tus|sus|estas|estos|"
    r"cualquier|anteriores|previas) )*(?:instrucci(?:ones|ón)|órdenes|indicaciones|reglas|"
    r"directrices|directivas|prompts?|mensajes?|comandos) (?:(?:que|dadas|recibidas|te|han|dado) )"
    r"*(?:anterior(?:es)?|previ[ao]s?|de arriba|inicial(?:es)?|original(?:es)?|del sistema|"
    r"precedentes|recibidas|dadas)"
    r"|\b(?:ignora|ignore|olvida|olvide) (?:todas )?(?:tus|sus) (?:instrucciones|reglas|directrices|órdenes)\b"
    r"|\b(?:responde|responda|contesta|conteste) (?:solo|sólo|solamente|únicamente|siempre|exclusivamente|"
    r"simplemente) (?:(?:con )?(?:la palabra|la etiqueta|la categoría|[\"'«“:])|con (?:sí|no)\b)"
    r"|\b(?:clasific|etiquet|categoriz|categoric)(?:a|ar|ue|que|e) (?:este|esta|estos|todos los|todas las|"
    r"cada) [a-zà-ÿ]+ (?:como|en)\b"
    r"|\b(?:ahora eres|a partir de ahora(?: eres| responde|,)) (?:una? (?:ia|asistente|modelo|pirata|robot|bot|"
    r"clasificador))|\b(?:muestra|revela|"
    r"imprime|dime|muéstrame) (?:el|tu|tus|las|su) "
    r"(?:prompt|instrucciones (?:(?:del |de )?sistema|iniciales|ocultas))\b",
    # Italian
    r"\b(?:ignora(?:te|re)?|ignori|dimentica(?:te|re)?|tralascia|trascura|non (?:seguire|considerare|rispettare)|"
    r"annulla) (?:(?:di|tutte|tutti|le|gli|i|la|tue|vostre|sue|queste|qualsiasi|"
    r"precedenti) )*(?:istruzion[ei]|indicazioni|regole|direttive|ordini|prompt|comandi) (?:(?:che|ricevute|date)"
    r" )*(?:precedent[ei]|sopra|inizial[ei]|original[ei]|di sistema|del sistema|di "
    r"sopra|ricevute|fornite)|\b(?:ignora|dimentica) (?:tutte )?(?:le )?(?:tue|precedenti) (?:istruzioni|regole|"
    r"direttive)\b"
    r"|\b(?:rispondi|rispondete|risponda) (?:solo|soltanto|sempre|esclusivamente|unicamente|semplicemente) "
    r"(?:(?:con )?(?:la parola|l'etichetta|la categoria|[\"'«“:])|con (?:sì|no)\b)"
    r"|\b(?:classific|etichett|categorizz)(?:a|are|hi|i) (?:questo|questa|quest'|ogni|tutti i) "
    r"?[a-zà-ÿ]+ come\b|\b(?:ora|adesso|d'ora in poi) sei (?:una?'? ?)(?:ia|assistente|modello|pirata|bot)"
    r"|\b(?:mostra|rivela|stampa|dimmi) (?:il|il tuo|le tue|le) (?:prompt|istruzioni di sistema)\b",
    # Portuguese
    r"\b(?:ignor(?:e|a|em|ar)|esque(?:ça|ce|cer)|desconsider(?:e|a|ar)|não (?:siga|obedeça|considere)|descarte) "
    r"(?:(?:de|todas?|as?|os?|suas?|tuas?|estas|quaisquer|todos|das|anteriores) )*"
    r"(?:instruç(?:ões|ão)|orientações|regras|diretrizes|ordens|comandos|prompts?) (?:(?:que|dadas|recebidas) )"
    r"*(?:anterior(?:es)?|prévias?|acima|inicia(?:l|is)|origina(?:l|is)|do sistema|precedentes|"
    r"recebidas)|\b(?:ignore|esqueça|desconsidere) (?:todas )?(?:as )?(?:suas|tuas) (?:instruções|regras|"
    r"diretrizes)\b"
    r"|\b(?:responda|responde) (?:apenas|somente|só|sempre|unicamente|simplesmente) (?:(?:com )?(?:a palavra|o "
    r"rótulo|a categoria|[\"'«“:])|com (?:sim|não)\b)"
    r"|\b(?:classifi(?:que|ca|car)|rotul(?:e|a)|categoriz(?:e|a)) (?:este|esta|esse|essa|cada|todos os) "
    r"[a-zà-ÿ]+ como\b"
    r"|\b(?:agora você é|você agora é|a partir de agora você) (?:é )?(?:uma? (?:ia|assistente|modelo|pirata|robô|"
    r"bot))|\b(?:mostre|revele|imprima) (?:o|"
    r"seu|suas|as) (?:prompt|instruções do sistema)\b",
    # Dutch
    r"\b(?:negeer|vergeet|volg|gehoorzaam) (?:(?:niet|alle|al|de|je|uw|jouw|deze|eerdere|vorige|voorgaande|"
    r"bovenstaande|bestaande|gegeven) )+(?:[a-z]+ )?(?:instructies?|opdrachten|aanwijzingen|regels|prompts?|"
    r"richtlijnen)\b"
    r"|\b(?:antwoord|reageer) (?:alleen|enkel|uitsluitend|altijd|slechts)(?: maar)? met (?:het woord|de categorie|"
    r"[\"'“:]|ja\b|nee\b)|\b(?:classificeer|"
    r"label|categoriseer) (?:dit|deze|alle) [a-z]+ als\b"
    r"|\b(?:je bent nu|vanaf nu ben je) een (?:ai|assistent|model|piraat|bot)\b|\b(?:toon|geef|onthul) (?:me "
    r")?(?:de|je|jouw) "
    r"(?:systeemprompt|systeeminstructies)\b",
    # Polish, Czech
    r"(?:zignoruj|ignoruj|zapomnij|pomiń|odrzuć|nie przestrzegaj|nie stosuj się do)(?:cie)? (?:(?:o|wszystkie|"
    r"wszystkich|wszelkie|poprzednie|poprzednich|wcześniejsze|wcześniejszych|powyższe|powyższych|swoje|swoich|twoje|"
    r"dotychczasowe|dotychczasowych) )+(?:instrukcj[aei]\w*|poleceni\w+|wytyczn\w+|zasad\w*|komend\w*|prompt\w*)|"
    r"\bodpowi(?:edz|adaj)(?:cie)? (?:tylko|wyłącznie|zawsze|jedynie) (?:słowem|etykietą|[\"'„“:])|\b(?:za)?klasyfikuj "
    r"(?:ten|tę|to|tą) \w+ jako\b",
    r"\b(?:ignoruj|zapomeň|neber v úvahu|nedodržuj)(?:te)? (?:(?:na|všechny|předchozí|předešlé|dřívější|výše|"
    r"uvedené|své|tyto) )+(?:pokyny|instrukce|příkazy|pravidla)|\bodpověz(?:te)? (?:pouze|jen|jenom|vždy) (?:slovem|"
    r"[\"'„“:])",
    # Swedish, Danish, Norwegian, Finnish
    r"\b(?:ignorera|ignorer|glöm|glem|bortse från|se bort fra|strunta i|følg ikke) (?:(?:alla|alle|dina|dine|de|"
    r"tidigare|tidligere|föregående|foregående|forrige|ovanstående|ovenstående|nåværende) )+"
    r"(?:instruktioner|instruktionerna|instrukser|instruksjoner|anvisningar|anvisninger|regler|prompter)\b|"
    r"\b(?:svara|svar) (?:bara|endast|kun|bare|alltid|altid) med (?:ordet|etiketten|[\"'“:])",
    r"\b(?:unohda|ohita|jätä huomiotta|älä noudata) (?:(?:kaikki|kaikkia|aiemmat|aikaisemmat|edelliset|edellä "
    r"olevat|yllä olevat|aiempia) )+(?:ohjeet|ohjeita|käskyt|määräykset|säännöt)",
    # Romanian, Hungarian, Turkish, Greek
    r"\b(?:ignor(?:ă|a|ați|ati)|uit(?:ă|a|ați)) (?:(?:de|toate) )*(?:instruc[țţt]iunile|regulile|comenzile) "
    r"(?:anterioare|precedente|de mai sus|inițiale)",
    r"(?:hagyd figyelmen kívül|felejtsd el|ne vedd figyelembe) (?:(?:a|az|az összes|minden|összes|korábbi|előző|"
    r"fenti|eddigi) )+(?:utasítás|parancs|szabály|instrukció)\w*",
    r"(?:önceki|yukarıdaki|bütün|tüm|mevcut) (?:(?:önceki|tüm|yukarıdaki|sistem) )*(?:talimat|komut|yönerge|"
    r"kural)\w* (?:yok ?say|görmezden gel|unut|dikkate alma|göz ardı et)\w*|\byalnızca \S+ (?:yanıtını|cevabını) ver",
    r"(?:αγνόησε|αγνοήστε|ξέχνα|ξεχάστε|παράβλεψε) (?:(?:όλες|τις|όλα|τα|οι|προηγούμενες|παραπάνω|αρχικές) )"
    r"+(?:οδηγίες|εντολές|κανόνες)",
    # Russian, Ukrainian
    r"(?:(?:про)?игнорируй(?:те)?|забудь(?:те)?|отмени(?:те)?|не (?:следуй(?:те)?|обращай(?:те)? внимания на|"
    r"учитывай(?:те)?|выполняй(?:те)?|соблюдай(?:те)?)) (?:(?:о|обо|все|всё|всех|эти|свои|твои|ваши|любые|"
    r"предыдущие|предыдущих|прежние|прежних|вышеуказанные|вышеприведенные|вышеприведённые|прошлые|прошлых|данные|"
    r"полученные|ранее|системные|остальные) )+(?:инструкци\w+|указани\w+|команд\w*|правил\w*|промпт\w*|директив\w*|"
    r"предписани\w+)|(?:отвечай|ответь|отвечайте|ответьте|выведи|напиши) (?:только|лишь|исключительно|всегда) "
    r"(?:слов\w+|метк\w+|категори\w+|[\"«“:])|"
    r"(?:классифицируй|отнеси|промаркируй)(?:те)? (?:этот|эту|это|эти|данный|данную|все|весь) \w+ "
    r"(?:как|к)\b|(?:теперь ты|ты теперь|отныне ты) (?:не )?(?:ии|бот|модель|ассистент|пират|помощник)|(?:покажи|"
    r"выведи|раскрой|повтори)(?:те)? (?:(?:мне|свой|"
    r"свои|твой|весь|полный) )*(?:системн\w+ )?(?:промпт|инструкци)|системный промпт ?:",
    r"(?:про)?ігноруй(?:те)? (?:(?:всі|усі|попередні|свої|вищенаведені|ці|твої) )+(?:інструкці\w+|вказівк\w+|"
    r"команд\w+|правил\w*)|забудь(?:те)? (?:(?:про|всі|усі|попередні|свої) )+(?:інструкці\w+|вказівк\w+)",
    # Chinese
    r"(?:忽略|忽視|忽视|无视|無視|忘记|忘記|忘掉|不要理会|不要遵循|不要遵守|不要理會|别管|跳过|覆盖|取消|抛弃)"
    r"(?:掉)?(?:你|您|之前|以上|先前|前面|上述|上面|此前|以前|所有|全部|一切|任何|的|收到|给出|給出|原有|原来|"
    r"系统|系統|其他|这些|那些|到)+"
    r"(?:指令|指示|提示词|提示詞|提示|规则|規則|命令|要求|说明|說明|设定|設定|设置|内容)",
    r"(?:请|請)?(?:只|仅|僅|必须|直接|一律|始终)(?:需|要|能|需要)?(?:回答|回复|回覆|输出|輸出|返回|"
    r"答复)[::]? ?(?:[\"“「『‘'{]|标签|类别|是|否)|"
    r"(?:把|"
    r"将|將)(?:这|這|此|该|該|本|所有|全部)(?:条|個|个|段|篇|則|则|些)?(?:文本|文字|评论|評論|消息|訊息|投诉|"
    r"投訴|内容|內容|记录|記錄|数据|邮件|反馈)?"
    r"(?:都|全部|统一)?(?:分类|分類|标注|標註|归类|歸類|归为)(?:为|為|成|到)?|你[现現]在是一?[个個名位]?(?:ai|人工智能|海盗|助手|模型|机器人)|"
    r"(?:显示|输出|打印|告诉我|泄露|透露|重复)(?:你的|你|系统|"
    r"完整的|全部的)*(?:系统)?提示词|系统提示词?[::]",
    # Japanese
    r"(?:以前|これまで|今まで|上記|上|前|先ほど|先程|すべて|全て|全部|既存|元|システム|あなた|与えられた|過去)"
    r"[^。\n]{0,12}(?:指示|命令|プロンプト|ルール|規則|指令|インストラクション)(?:を|は)?(?:すべて|全て|"
    r"全部|一切|完全に)?"
    r"(?:無視|忘れ|破棄|無効|取り消|従わない)|(?:と|」|』)だけ(?:回答|答え|出力|返答|返し)|[」』](?:と)?のみ(?:を)?(?:回答|"
    r"出力|返答|返して)|(?:この|次の|以下の|全ての|すべての)[^。\n]{0,8}を[^。\n]{1,20}(?:に分類|と分類|とラベル|"
    r"としてラベル|に設定)(?:し(?:て(?:ください|下さい|[。!]|$)|ろ|なさい)|付け|せよ)"
    r"|あなたは(?:今|これ)から|(?:システムプロンプト|システム指示)[^。\n]{0,6}(?:を|:|:)(?:表示|出力|教え|公開|"
    r"開示|繰り返)?",
    # Korean
    r"(?:이전|위의|앞의|앞선|모든|기존|지금까지의|상기|원래)(?:의)? ?(?:(?:모든|시스템|받은|이전|주어진) )"
    r"*(?:지시|명령|지침|프롬프트|규칙|안내)(?:사항)?(?:들)?(?:을|를|은|는)? ?(?:모두|전부|다|완전히)? ?(?:무시|"
    r"잊|따르지)"
    r"|(?:라고|라는 단어로|으로|로)만 (?:답|출력|대답|응답|회신)|(?:이|본|모든) ?(?:텍스트|메시지|문서|글|리뷰|"
    r"민원)(?:를|을) [^.\n]{1,20}(?:으로|로) (?:분류|표시|라벨)(?:하세요|해|하라)|시스템 프롬프트(?:를|:)",
    # Arabic, Hindi, Vietnamese, Indonesian
    r"(?:تجاهل|تجاهلي|تجاهلوا|انس|انسَ|أهمل|اهمل) (?:(?:جميع|كل|كافة|عن) )*ال(?:تعليمات|أوامر|اوامر|توجيهات|قواعد|"
    r"إرشادات)(?: ال(?:سابقة|سابقه|أصلية|مذكورة)| أعلاه| النظام)",
    r"(?:पिछले|पिछली|उपरोक्त|सभी|पहले के|ऊपर के) (?:सभी )?(?:निर्देश\S*|आदेश\S*|नियम\S*) (?:को )?(?:अनदेखा|"
    r"नज़रअंदाज़|नजरअंदाज|भूल)",
    r"(?:bỏ qua|quên|phớt lờ|không tuân theo) (?:(?:tất cả|mọi|các|những|toàn bộ) )*(?:hướng dẫn|chỉ dẫn|chỉ thị|"
    r"lệnh|quy tắc) (?:trước|ở trên|trên|ban đầu|hệ thống)",
    r"\b(?:abaikan|lupakan|jangan ikuti) (?:(?:semua|seluruh|segala) )*(?:instruksi|perintah|petunjuk|aturan|"
    r"arahan) (?:sebelumnya|di atas|sistem|awal|yang)",
)

_AI_NAMES = (
    r"(?:ia|ki|ai|llm|intelligence artificielle|inteligencia artificial|inteligência artificial|"
    r"intelligenza artificiale|künstliche intelligenz|sprachmodell|modelo de (?:ia|lenguaje|linguagem)|"
    r"modèle de langage|modello linguistico|chat ?gpt)"
)

_ADDRESSED_OTHER = (  # a note to the model
    rf"\b(?:nota|aviso|mensaje|mensagem|atención|atenção|observação|instrucción|messaggio|avviso|note|message|"
    rf"remarque|avis|"
    rf"consigne|à l'attention de|hinweis|notiz|anmerkung|nachricht|achtung|anweisung|bericht|opmerking|uwaga|obs)[ "
    rf":]+(?:(?:para|a|al|à|pour|per|"
    rf"alla|an|für|voor|aan|dla|do|till|til) ?)?(?:(?:la|el|o|le|il|die|das|den|de|het) )?(?:l'|all')?{_AI_NAMES}\b",
    r"(?:примечание|заметка|внимание|сообщение|инструкция|указание|обращение)(?: для| к)? (?:ии|нейросет[а-я]+|"
    r"языков[а-я]+ модел[а-я]+|искусственн[а-я]+ интеллект[а-я]*)[ :.!;-]",
    r"(?:致|给|給|告知|注意)[^。\n]{0,3}(?:ai|人工智能|大?语言模型|大模型)(?:模型|助手|系统|系統)?[ ::]|"
    r"(?:ai|人工知能|言語モデル)(?:モデル|アシスタント)?(?:への|宛ての?|へ ?[::])(?:注意|指示|お願い|メモ|注記|命令)?|"
    r"(?:ai|인공지능|언어 ?모델)(?:에게|를 위한 (?:참고|지시))|"
    r"(?:ملاحظة|تنبيه|رسالة|تعليمات) (?:إلى ال|لل|إلى )(?:ذكاء الاصطناعي|"
    r"نموذج)|"
    r"(?:إلى|يا) نموذج (?:ال)?(?:ذكاء|لغ)|تجاهل (?:كل|جميع) ما (?:سبق|قبل)",
    r"请(?:ai|人工智能|大?模型)[^。\n]{0,4}(?:将|把)|\bki-(?:system|modell|assistent) ?:|\bch(?:er|ère) (?:modèle|ia) ",
    # its prompt is to be ignored
    r"\b(?:ignorier(?:e|en sie)|vergiss|ignor(?:a|e|ez)|oublie[rz]?|olvid(?:a|e)|esqueça|dimentica|negeer) "
    r"(?:(?:den|deinen|el|tu|le|ton|votre|o|seu|il|tuo|je) )+(?:system-?)?prompt\b",
    r"(?:忽略|忘记|忘掉|无视|無視)(?:掉)?(?:你的|你|您的|的|系统|系統|所有)*(?:系统提示|系統提示|提示词|提示詞|系统指令)|"
    r"(?:забудь|игнорируй)(?:те)? (?:(?:о|про|свой|твой|системный) )+промпт",
)
OTHER_LANGUAGES: tuple[str, ...] = _ORDERS_OTHER + _ADDRESSED_OTHER

HINTS_OTHER: tuple[str, ...] = (  # what people tell people as well
    r"\b(?:neue|wichtige|nuevas?|nouvelles?|novas?|nuov[ae]|nieuwe|новые) (?:instrucci|instructions?|instruç|istruzion|"
    r"instructies|anweisung|consigne|инструкци)",
    r"\b(?:vergiss|vergessen sie|olvid(?:a|e)|ignor(?:a|e|ez)|oublie[rz]?|esqueça|esquece|dimentica|vergeet)(?: "
    r"[a-zà-ÿ]+)? "
    r"(?:was|lo que|ce qu|tout ce|o que|tudo o que|quello che|ciò che|wat)\b|(?:забудь|забудьте) [^.!?]{0,20}что ",
    r"\b(?:ignor(?:a|e|ez)|oublie[rz]?|olvid(?:a|e)|ne tenez pas compte|ne tiens pas compte|no (?:sigas|siga)|"
    r"ignorier[a-z]+|"
    r"ignorieren sie|vergiss) (?:[a-zà-ÿ]+ ){0,3}(?:consignes|instructions|instrucciones|instruções|anweisungen|"
    r"regeln|règles|reglas)",
    r"\b(?:à partir de maintenant|désormais|ab (?:jetzt|sofort)|a partir de (?:ahora|agora)|d'ora in poi|vanaf "
    r"nu)\b|с этого момента",
    r"\b(?:du bist (?:jetzt|nun)|(?:tu es|vous êtes) (?:maintenant|désormais)|ahora eres|agora você é|ora sei|je "
    r"bent nu)\b|"
    r"(?:теперь ты|ты теперь)|你[现現]在是|(?:从|從)现在(?:开始|起)|新(?:的)?指令",
    r"\b(?:markier(?:e|en sie)|kennzeichne(?:n sie)?|marque[rz]?|marc(?:a|ar)|márcalo|contrassegna|markeer) |"
    r"(?:пометь|отметь)(?:те)? |标记为?",
    r"これまでの(?:指示|命令|設定)|以前の設定",
)
SIGN_OTHER: tuple[str, ...] = (
    rf"\b{_AI_NAMES}\b|\b(?:system-?)?prompts?\b|\b(?:etiqueta|étiquette|etichetta|rótulo|etikett|label)s?\b|\bjson\b",
    r"\b(?:klassifizier|clasific|classifi|categori[zs]|kategorisier)[a-zà-ÿ]*",
    r"\b(?:antworte|antworten sie|réponds|répondez|responde|responda|rispondi|antwoord)(?: [a-zà-ÿ]+){0,2} ?[«»„“\"]",
    r"\b(?:responda|responde|antworte|réponds|rispondi) (?:com|con|mit|avec|par) (?:a |la |der |le )?(?:palabra|"
    r"palavra|categor|wort|mot|parola)",
    r"промпт|нейросет|языков[а-я]+ модел|классифицир|метк[а-я]+ [«\"]|(?:ответь|отвечай|выведи)(?:те)? [«\"]",
    r"人工智能|语言模型|提示词|标签|分类为|(?:输出|回答|回复)[::]? ?[“\"「]|ラベル|プロンプト|」(?:と)?(?:だけ|のみ)",
)
