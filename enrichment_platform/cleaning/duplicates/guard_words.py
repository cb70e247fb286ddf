"""Words that turn a sentence's meaning: negations and number words; texts that differ in one are never merged."""

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
不 没 沒 無 无 非 未 別 别 否 勿
"""
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
"""  # articles of the six languages are left out where they are also "one" (ein, un, uno, uma, een), as are due and sei

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


def _slips(word: str) -> list[str]:
    """Return the word with two neighbouring letters changed over: "neevr" still says never."""
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]


@lru_cache(maxsize=1)
def guard_table() -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return an open-addressed table, (2, slots) uint64: words' hashes (0 in an empty slot) and their tokens."""
    tokens = {}
    for words, token in ((_NUMBERS, None), (_NEGATIONS, None), (_NOT, NOT)):
        for word in words.split():
            tokens[word_hash(word)] = token or word_hash(word)
    for word in (_NEGATIONS + _NOT).split():
        if len(word) >= _LETTERS_OF_A_SLIP:
            for slip in _slips(word):
                tokens.setdefault(word_hash(slip), tokens[word_hash(word)])
    slots = 2048
    found = np.zeros((2, slots), np.uint64)
    for key, token in tokens.items():
        at = key & (slots - 1)
        while found[0, at]:
            at = (at + 1) & (slots - 1)
        found[:, at] = key, token
    return found
