"""Orders to a model in languages other than English: to ignore its instructions, to answer so, to be something else.

Like `injection_grammar`: each needs an order together with its target.
"""

from __future__ import annotations

OTHER_LANGUAGES = (  # override; an order for the answer; a new role
    # German
    r"\b(?:ignorier(?:e|en sie|t)|vergiss|vergesst|vergessen sie|missachte(?:n sie)?|verwirf|überschreibe?|umgehe|"
    r"befolge(?:n sie)? nicht|beachte(?:n sie)? nicht) (?:(?:alle[ns]?|die|deine|ihre|diese|jegliche|sämtliche|"
    r"und|zuvor|bisher|oben|"
    r"vorher|(?:bis|vor|ob|frü|ur|be|gegeben|genannt|vorangegangen)[a-zäöüß]*) )+(?:[a-zäöüß-]+ )?(?:anweisungen|"
    r"instruktionen|befehle|"
    r"vorgaben|regeln|anordnungen|richtlinien|prompts?|systemprompts?|systemanweisungen)\b"
    r"|\b(?:antworte|antworten sie|antwortet|gib|schreibe|geben sie) (?:nur|ausschließlich|immer|stets|einfach|"
    r"lediglich) (?:noch )?(?:mit|das wort|den wert)\b"
    r"|\b(?:klassifizier|kategorisier|label|kennzeichn|markier|stuf)(?:e|en sie|et) (?:dies[a-z]*|den|die|das|"
    r"alle) [a-zäöüß]+ (?:immer |nur )?als\b"
    r"|\bdu bist (?:jetzt|nun|ab (?:jetzt|sofort)) (?:ein|kein|im)|\b(?:gib|zeige?|nenne|verrate) (?:mir )"
    r"?(?:den|deinen|die|deine|ihren) "
    r"(?:system-?prompt|system-?anweisungen|anweisungen)\b|\b(?:neue|wichtige) (?:system)?anweisung(?:en)? ?:"
    r"|\bsetze (?:das|die|den) (?:label|kategorie|feld|ausgabe|klasse|antwort) [^.!?]{0,20}?auf\b",
    # French
    r"\b(?:ignore[rz]?|oublie[rz]?|néglige[rz]?|ne (?:tiens|tenez) (?:pas|aucun) compte (?:de|des)|fai(?:s|tes) "
    r"abstraction (?:de|des)|ne (?:suis|suivez|"
    r"respecte[rz]?) (?:pas|plus)) (?:(?:de|des|du|tout|toutes?|tous|les?|la|tes|vos|ces|cette|mes|précédente?s?)"
    r" )*(?:instructions?|consignes?|directives?|règles|"
    r"ordres|prompts?|indications) (?:(?:qui|que|données|reçues|tu|vous|as|avez) )*(?:précédente?s?|précèdent|"
    r"antérieure?s?|ci-dessus|initiale?s?|au-dessus|"
    r"d'origine|système|reçues|données|plus haut)"
    r"|\b(?:ignore[rz]?|oublie[rz]?) (?:tes|vos|toutes (?:tes|vos)|les précédentes) (?:instructions|consignes|"
    r"directives|règles)\b"
    r"|\b(?:réponds|répondez|réponde) (?:uniquement|seulement|toujours|simplement|exclusivement|juste) (?:par|avec|:)"
    r"|\b(?:classe|classez|classifie[rz]?|étiquette[rz]?|catégorise[rz]?|marque[rz]?) (?:ce|cet|cette|ces|tous "
    r"les|toutes les) [a-zà-ÿ]+ (?:comme|dans|sous)\b"
    r"|\b(?:tu es|vous êtes) (?:maintenant|désormais) (?:une? |en mode)|\b(?:affiche|révèle|montre|donne|imprime)"
    r"[rz]? (?:moi |-moi )?(?:le|ton|votre|tes|vos|les) "
    r"(?:prompt|instructions|consignes)(?: système| initiales?| secrètes)?\b|\bnouvelles? (?:instructions?|"
    r"consignes?) ?:",
    # Spanish
    r"\b(?:ignor(?:a|e|en|ar|es)|olvid(?:a|e|en|ar|es)|haz caso omiso (?:de|a)|haga caso omiso (?:de|a)|no "
    r"(?:sigas|siga|obedezcas|obedezca|tengas en cuenta|hagas caso (?:de|a))|"
    r"descart(?:a|e)|desestim(?:a|e)|anul(?:a|e)) (?:(?:de|a|todas?|las?|los?|todos|tus|sus|estas|estos|"
    r"cualquier|mis|anteriores|previas) )*(?:instrucci(?:ones|ón)|órdenes|indicaciones|reglas|"
    r"directrices|directivas|prompts?|mensajes?|comandos) (?:(?:que|dadas|recibidas|te|han|dado) )"
    r"*(?:anterior(?:es)?|previ[ao]s?|de arriba|inicial(?:es)?|original(?:es)?|del sistema|"
    r"precedentes|recibidas|dadas)"
    r"|\b(?:ignora|ignore|olvida|olvide) (?:todas )?(?:tus|sus) (?:instrucciones|reglas|directrices|órdenes)\b"
    r"|\b(?:responde|responda|contesta|conteste) (?:solo|sólo|solamente|únicamente|siempre|exclusivamente|"
    r"simplemente) (?:con|que|:|la palabra)"
    r"|\b(?:clasific|etiquet|categoriz|categoric|marc)(?:a|ar|ue|que|e) (?:este|esta|estos|todos los|todas las|"
    r"cada) [a-zà-ÿ]+ (?:como|en)\b"
    r"|\b(?:ahora eres|a partir de ahora(?: eres| responde|,)) (?:una? |en modo|solo)|\b(?:muestra|revela|"
    r"imprime|dime|muéstrame) (?:el|tu|tus|las|su) "
    r"(?:prompt|instrucciones)(?: (?:del |de )?sistema| iniciales| ocultas)?\b|\bnuevas? instrucci(?:ones|ón) ?:",
    # Italian
    r"\b(?:ignora(?:te|re)?|ignori|dimentica(?:te|re)?|tralascia|trascura|non (?:seguire|considerare|rispettare)|"
    r"annulla) (?:(?:di|tutte|tutti|le|gli|i|la|tue|vostre|sue|queste|qualsiasi|"
    r"precedenti) )*(?:istruzion[ei]|indicazioni|regole|direttive|ordini|prompt|comandi) (?:(?:che|ricevute|date)"
    r" )*(?:precedent[ei]|sopra|inizial[ei]|original[ei]|di sistema|del sistema|di "
    r"sopra|ricevute|fornite)|\b(?:ignora|dimentica) (?:tutte )?(?:le )?(?:tue|precedenti) (?:istruzioni|regole|"
    r"direttive)\b"
    r"|\b(?:rispondi|rispondete|risponda) (?:solo|soltanto|sempre|esclusivamente|unicamente|semplicemente) (?:con|:)"
    r"|\b(?:classific|etichett|categorizz|contrassegn)(?:a|are|hi|i) (?:questo|questa|quest'|ogni|tutti i) "
    r"?[a-zà-ÿ]+ come\b|\b(?:ora|adesso|d'ora in poi) sei (?:un|una|in)"
    r"|\b(?:mostra|rivela|stampa|dimmi) (?:il|il tuo|le tue|le) (?:prompt|istruzioni)(?: di sistema)?\b|\bnuove "
    r"istruzioni ?:",
    # Portuguese
    r"\b(?:ignor(?:e|a|em|ar)|esque(?:ça|ce|cer)|desconsider(?:e|a|ar)|não (?:siga|obedeça|considere)|descarte) "
    r"(?:(?:de|todas?|as?|os?|suas?|tuas?|estas|quaisquer|todos|das|minhas|anteriores) )*"
    r"(?:instruç(?:ões|ão)|orientações|regras|diretrizes|ordens|comandos|prompts?) (?:(?:que|dadas|recebidas) )"
    r"*(?:anterior(?:es)?|prévias?|acima|inicia(?:l|is)|origina(?:l|is)|do sistema|precedentes|"
    r"recebidas)|\b(?:ignore|esqueça|desconsidere) (?:todas )?(?:as )?(?:suas|tuas) (?:instruções|regras|"
    r"diretrizes)\b"
    r"|\b(?:responda|responde) (?:apenas|somente|só|sempre|unicamente|simplesmente) (?:com|:|a palavra)"
    r"|\b(?:classifi(?:que|ca|car)|rotul(?:e|a)|categoriz(?:e|a)|marque) (?:este|esta|esse|essa|cada|todos os) "
    r"[a-zà-ÿ]+ como\b"
    r"|\b(?:agora você é|você agora é|a partir de agora você) (?:uma?|só|deve)|\b(?:mostre|revele|imprima) (?:o|"
    r"seu|suas|as) (?:prompt|instruções)(?: do sistema)?\b|\bnovas instruções ?:",
    # Dutch
    r"\b(?:negeer|vergeet|volg|gehoorzaam) (?:(?:niet|alle|al|de|je|uw|jouw|deze|eerdere|vorige|voorgaande|"
    r"bovenstaande|bestaande|gegeven) )+(?:[a-z]+ )?(?:instructies?|opdrachten|aanwijzingen|regels|prompts?|"
    r"richtlijnen)\b"
    r"|\b(?:antwoord|reageer) (?:alleen|enkel|uitsluitend|altijd|slechts)(?: maar)? met\b|\b(?:classificeer|"
    r"label|categoriseer|markeer) (?:dit|deze|alle) [a-z]+ als\b"
    r"|\b(?:je bent nu|vanaf nu ben je) (?:een|in)\b|\b(?:toon|geef|onthul) (?:me )?(?:de|je|jouw) "
    r"(?:systeemprompt|systeeminstructies|instructies)\b|\bnieuwe instructies ?:",
    # Polish, Czech
    r"(?:zignoruj|ignoruj|zapomnij|pomiń|odrzuć|nie przestrzegaj|nie stosuj się do)(?:cie)? (?:(?:o|wszystkie|"
    r"wszystkich|wszelkie|poprzednie|poprzednich|wcześniejsze|wcześniejszych|powyższe|powyższych|swoje|swoich|twoje|"
    r"dotychczasowe|dotychczasowych) )+(?:instrukcj[aei]\w*|poleceni\w+|wytyczn\w+|zasad\w*|komend\w*|prompt\w*)|"
    r"\bodpowi(?:edz|adaj)(?:cie)? (?:tylko|wyłącznie|zawsze|jedynie)\b|\b(?:za)?klasyfikuj "
    r"(?:ten|tę|to|tą) \w+ jako\b",
    r"\b(?:ignoruj|zapomeň|neber v úvahu|nedodržuj)(?:te)? (?:(?:na|všechny|předchozí|předešlé|dřívější|výše|"
    r"uvedené|své|tyto) )+(?:pokyny|instrukce|příkazy|pravidla)|\bodpověz(?:te)? (?:pouze|jen|jenom|vždy)\b",
    # Swedish, Danish, Norwegian, Finnish
    r"\b(?:ignorera|ignorer|glöm|glem|bortse från|se bort fra|strunta i|følg ikke) (?:(?:alla|alle|dina|dine|de|"
    r"tidigare|tidligere|föregående|foregående|forrige|ovanstående|ovenstående|nåværende) )+"
    r"(?:instruktioner|instruktionerna|instrukser|instruksjoner|anvisningar|anvisninger|regler|prompter)\b|"
    r"\b(?:svara|svar) (?:bara|endast|kun|bare|alltid|altid) med\b",
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
    r"предписани\w+)|(?:отвечай|ответь|отвечайте|ответьте|выведи|напиши) (?:только|лишь|исключительно|всегда)|"
    r"(?:классифицируй|пометь|отнеси|отметь|промаркируй)(?:те)? (?:этот|эту|это|эти|данный|данную|все|весь) \w+ "
    r"(?:как|к)\b|(?:теперь ты|ты теперь|отныне ты) |(?:покажи|выведи|раскрой|повтори)(?:те)? (?:(?:мне|свой|"
    r"свои|твой|весь|полный) )*(?:системн\w+ )?(?:промпт|инструкци)|новые инструкции ?:|системный промпт ?:",
    r"(?:про)?ігноруй(?:те)? (?:(?:всі|усі|попередні|свої|вищенаведені|ці|твої) )+(?:інструкці\w+|вказівк\w+|"
    r"команд\w+|правил\w*)|забудь(?:те)? (?:(?:про|всі|усі|попередні|свої) )+(?:інструкці\w+|вказівк\w+)",
    # Chinese
    r"(?:忽略|忽視|忽视|无视|無視|忘记|忘記|忘掉|不要理会|不要遵循|不要遵守|不要理會|别管|跳过|覆盖|取消|抛弃)"
    r"(?:掉)?(?:你|您|之前|以上|先前|前面|上述|上面|此前|以前|所有|全部|一切|任何|的|收到|给出|給出|原有|原来|"
    r"系统|系統|其他|这些|那些|到)+"
    r"(?:指令|指示|提示词|提示詞|提示|规则|規則|命令|要求|说明|說明|设定|設定|设置|内容)",
    r"(?:请|請)?(?:只|仅|僅|必须|直接|一律|始终)(?:需|要|能|需要)?(?:回答|回复|回覆|输出|輸出|返回|答复)|(?:把|"
    r"将|將)(?:这|這|此|该|該|本|所有|全部)(?:条|個|个|段|篇|則|则|些)?(?:文本|文字|评论|評論|消息|訊息|投诉|"
    r"投訴|内容|內容|记录|記錄|数据|邮件|反馈)?"
    r"(?:都|全部|统一)?(?:分类|分類|标记|標記|标注|標註|归类|歸類|标为|归为)(?:为|為|成|到)?|你现在是|你現在是|"
    r"从现在(?:开始|起),? ?你|從現在(?:開始|起),? ?你|(?:显示|输出|打印|告诉我|泄露|透露|重复)(?:你的|你|系统|"
    r"完整的|全部的)*(?:系统)?提示词|系统提示词?[::]|新(?:的)?指令[::]",
    # Japanese
    r"(?:以前|これまで|今まで|上記|上|前|先ほど|先程|すべて|全て|全部|既存|元|システム|あなた|与えられた|過去)"
    r"[^。\n]{0,12}(?:指示|命令|プロンプト|ルール|規則|指令|インストラクション|設定)(?:を|は)?(?:すべて|全て|"
    r"全部|一切|完全に)?"
    r"(?:無視|忘れ|破棄|無効|取り消|従わない)|(?:と|」|』)だけ(?:回答|答え|出力|返答|返し)|のみ(?:を)?(?:回答|"
    r"出力|返答|返して)|(?:この|次の|以下の|全ての|すべての)[^。\n]{0,8}を[^。\n]{1,20}(?:に分類|と分類|とラベル|"
    r"としてラベル|に設定)(?:し|付|せ)"
    r"|あなたは(?:今|これ)から|(?:システムプロンプト|システム指示)[^。\n]{0,6}(?:を|:|:)(?:表示|出力|教え|公開|"
    r"開示|繰り返)?",
    # Korean
    r"(?:이전|위의|앞의|앞선|모든|기존|지금까지의|상기|원래)(?:의)? ?(?:(?:모든|시스템|받은|이전|주어진) )"
    r"*(?:지시|명령|지침|프롬프트|규칙|안내)(?:사항)?(?:들)?(?:을|를|은|는)? ?(?:모두|전부|다|완전히)? ?(?:무시|"
    r"잊|따르지)"
    r"|(?:라고|라는 단어로|으로|로)만 (?:답|출력|대답|응답|회신)|(?:이|본|모든) ?(?:텍스트|메시지|문서|글|리뷰|"
    r"민원)(?:를|을) [^.\n]{1,20}(?:으로|로) (?:분류|표시|라벨)(?:하세요|해|하라)|시스템 프롬프트(?:를|:)",
    # Arabic, Hindi, Vietnamese, Indonesian
    r"(?:تجاهل|تجاهلي|تجاهلوا|انس|انسَ|أهمل|اهمل) (?:(?:جميع|كل|كافة|عن) )*(?:ال)?(?:تعليمات|أوامر|اوامر|توجيهات|"
    r"قواعد|إرشادات)",
    r"(?:पिछले|पिछली|उपरोक्त|सभी|पहले के|ऊपर के) (?:सभी )?(?:निर्देश\S*|आदेश\S*|नियम\S*) (?:को )?(?:अनदेखा|"
    r"नज़रअंदाज़|नजरअंदाज|भूल)",
    r"(?:bỏ qua|quên|phớt lờ|không tuân theo) (?:(?:tất cả|mọi|các|những|toàn bộ) )*(?:hướng dẫn|chỉ dẫn|chỉ thị|"
    r"lệnh|quy tắc) (?:trước|ở trên|trên|ban đầu|hệ thống)",
    r"\b(?:abaikan|lupakan|jangan ikuti) (?:(?:semua|seluruh|segala) )*(?:instruksi|perintah|petunjuk|aturan|"
    r"arahan) (?:sebelumnya|di atas|sistem|awal|yang)",
)
