"""Words that turn a sentence's meaning: negations and number words; texts that differ in one are not merged.

Negations of English, German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish, Norwegian, Finnish
(ei, emme,
ette, eivät, not en, et), Russian, Polish, Czech, Romanian, Greek, Turkish, Arabic, Hebrew, Hindi, Vietnamese,
Indonesian,
Thai, Chinese, Japanese and Korean: everyday ones, not every form; none that is part of a word (unauthorized, gelmiyor).
Number words of English, German, French, Spanish, Portuguese, Italian and Dutch, a few of Russian and Polish;
numerals of
every script and Chinese ones; Roman numerals II to XXIX but for V, VI, X and XX, which are also words or placeholders.
Names of months, weekdays, currencies and units, am and pm are no numbers: texts that differ in one may be merged.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

NOT = 1  # the token of "not" and of all its contractions, so that "do not" and "don't" are alike

_NOT = """
not nt cannot cant dont wont doesnt didnt isnt arent wasnt werent hasnt havent hadnt wouldnt couldnt shouldnt mustnt
neednt mightnt shant aint
"""
_NEGATIONS = """
no never without none neither nor nobody nothing nowhere non nope
nicht kein keine keinen keinem keiner keines nie niemals nichts ohne weder niemand niemanden niemandem
nirgends nirgendwo nein
pas ne jamais rien aucun aucune sans ni nul nulle nullement
nunca jamás sin ningún ninguno ninguna nadie nada tampoco
mai nessun nessuno nessuna niente nulla senza né neppure nemmeno neanche
niet geen nooit niets niemand zonder noch nergens nee
não nao jamais sem nenhum nenhuma nenhuns nenhumas ninguém nem
nie bez inte ej ingen inga aldrig utan ikke intet uden ei не нет ни без никогда değil لا لم لن ليس नहीं
不 没 沒 無 无 非 未 別 别 否 勿 甭 莫 休 毋
unable hardly barely scarcely keinerlei keineswegs kaum aldri ingenting yok ما ولم ولا ولن وليس غير بدون नही मत न
ничего никто нельзя nikt není nejsem nejsou nemá nemám žádný žádná nikdy emme ette eivät ilman δεν δε μην όχι οχι
ποτέ χωρίς không chưa chẳng tidak bukan belum tanpa jangan nu nem לא אין בלי 안 아니요 아닙니다 아니 아닌
せん ない なか ず ไม
"""  # pairs of characters where words are not spaced; Finnish en, et are left out: everyday words of French, Spanish
_NUMBERS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen
nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million
millions billion
billions trillion dozen dozens half twice thrice once double triple quarter first second third fourth fifth
sixth seventh
eighth ninth tenth
null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig vierzig fünfzig sechzig
siebzig achtzig
neunzig hundert tausend millionen milliarde milliarden halb erste zweite dritte
zéro deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante
cinquante
soixante cent cents mille millions milliard milliards moitié premier première deuxième troisième
cero dos tres cuatro cinco seis siete ocho nueve diez doce trece catorce quince veinte treinta cuarenta
cincuenta sesenta
setenta ochenta noventa cien ciento mil millón millones mitad primero primera segundo segunda tercero tercera
tre quattro cinque sette otto nove dieci undici dodici venti trenta quaranta cinquanta sessanta settanta
ottanta novanta
cento mila milione milioni miliardo miliardi metà primo prima secondo seconda terzo terza
nul twee drie vijf zes zeven negen tien twaalf dertig veertig vijftig zestig zeventig tachtig negentig honderd
duizend
miljoen miljard helft eerste tweede derde één
dois duas três quatro sete oito dez onze doze treze vinte trinta quarenta cinquenta sessenta setenta oitenta
noventa cem
duzentos milhão milhões metade primeiro primeira segundo terceiro terceira
eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
thirtieth fortieth
fiftieth sixtieth seventieth eightieth ninetieth hundredth thousandth
dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn dritter dritten vierte vierter vierten fünfte
fünfter fünften
sechste siebte achte neunte zehnte
due sei quindici sedici diciassette diciotto diciannove tredici quattordici
quince dieciséis diecisiete dieciocho diecinueve quinientos quinientas setecientos setecientas novecientos novecientas
veintiún veintidós veintitrés veintiséis
dezesseis dezasseis dezessete dezassete dezoito dezenove dezanove duzentas trezentos trezentas quatrocentos quatrocentas
quinhentos quinhentas seiscentos seiscentas setecentos setecentas oitocentos oitocentas novecentos novecentas
dertien veertien vijftien zestien zeventien achttien negentien twintig
два две три четыре пять шесть семь восемь девять десять сто тысяча dwa trzy cztery pięć sześć siedem osiem dziesięć
ii iii iv vii viii ix xi xii xiii xiv xv xvi xvii xviii xix xxi xxii xxiii xxiv xxv xxvi xxvii xxviii xxix
"""  # articles of the six languages are left out where they are also "one" (ein, un, uno, uma, een); so is vi, a
# word of several languages, and Roman numerals of one letter

_UNITS_AND_TENS = (  # joined, each unit with each ten, then the endings
    (
        "{ten}{unit}",
        "one two three four five six seven eight nine first second third",
        "twenty thirty forty fifty sixty seventy eighty ninety",
    ),
    (
        "{unit}und{ten}",
        "ein zwei drei vier fünf sechs sieben acht neun",
        "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    ),
    ("{unit}{ten}", "ein zwei drei vier fünf sechs sieben acht neun", "hundert tausend hunderttausend"),
    (
        "{unit}en{ten}",
        "een vier vijf zes zeven acht negen",
        "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    ),
    ("{unit}ën{ten}", "twee drie", "twintig dertig veertig vijftig zestig zeventig tachtig negentig"),
    ("{unit}{ten}", "twee drie vier vijf zes zeven acht negen", "honderd duizend"),
    ("{ten}i{unit}", "due tre quattro cinque sei sette nove", "vent"),
    ("{ten}a{unit}", "due tre quattro cinque sei sette nove", "trent quarant cinquant sessant settant ottant novant"),
    ("{ten}{unit}", "uno otto", "vent trent quarant cinquant sessant settant ottant novant"),
    ("{unit}{ten}", "due tre quattro cinque sei sette otto nove", "cento mila"),
    ("{ten}{unit}", "uno una dos tres cuatro cinco seis siete ocho nueve", "veinti"),
    ("{unit}{ten}", "dos tres cuatro seis ocho", "cientos cientas"),
)

_LETTERS_OF_A_SLIP = 5  # shorter words become other words too often
_SEED, _PRIME, _MASK = 0xCBF29CE484222325, 0x9E3779B97F4A7C15, 2**64 - 1


def word_hash(word: str) -> int:
    """Return the hash that the kernel gives a word in folded letters."""
    value = _SEED
    for letter in word.replace("ß", "ss"):
        value = ((value ^ ord(letter)) * _PRIME) & _MASK
    value ^= value >> 32
    value = (value * 0xD6E8FEB86659FD93) & _MASK
    return value ^ (value >> 32)


def number_words() -> list[str]:
    """Return all number words, those written together of two among them."""
    joined = [
        pattern.format(unit=unit, ten=ten)
        for pattern, units, tens in _UNITS_AND_TENS
        for unit in units.split()
        for ten in tens.split()
    ]
    return _NUMBERS.split() + joined


def _slips(word: str) -> list[str]:
    """Return the word with two neighbouring letters changed over: "neevr" still says never."""
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]


@lru_cache(maxsize=1)
def guard_table() -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return an open-addressed table, (2, slots) uint64: words' hashes (0 in an empty slot) and their tokens.

    The token of a negation is odd, that of a number word even.
    """
    tokens = {word_hash(word): word_hash(word) & ~1 for word in number_words()}
    tokens |= {word_hash(word): word_hash(word) | 1 for word in _NEGATIONS.split()}
    tokens |= {word_hash(word): NOT for word in _NOT.split()}
    for word in (_NEGATIONS + _NOT).split():
        if len(word) >= _LETTERS_OF_A_SLIP:
            for slip in _slips(word):
                tokens.setdefault(word_hash(slip), tokens[word_hash(word)])
    slots = 4096
    found = np.zeros((2, slots), np.uint64)
    for key, token in tokens.items():
        at = key & (slots - 1)
        while found[0, at]:
            at = (at + 1) & (slots - 1)
        found[:, at] = key, token
    return found
