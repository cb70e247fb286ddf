"""Texts that differ in a number or a negation alone are kept apart, in the languages that the guard knows."""

import pytest

from enrichment_platform.cleaning.duplicates import Matching
from enrichment_platform_tests.cleaning.duplicates.reference import found

LETTER = (
    "Hello dear support team I am writing to you about the account that I opened last spring with the branch in the "
    "old town because something is strange about it and I would like to hear from you soon about the following matter "
    "which is {} and I hope that this can be settled quickly for me and my family who rely on this service every day"
)
PAIRS = {
    "signs": "5 %|5;5 €|5 $;$ 5|€ 5;–5|5;−5|5;- 5|5;5-|5;≥18|≤18;≥ 18|≤ 18;> 5|< 5;≈5|5;5 ‰|5 %;＋5|－5",
    "apostrophes": "donʼt pay|do pay;don‘t pay|do pay;don＇t pay|do pay;don‛t pay|do pay;don’t pay|do pay",
    "numerals": "type II|type III;part IV|part VI;eleventh|twelfth;twentieth|thirtieth;twentyone|twentytwo;三个|五个;"
    "十万元|十元;第一次|第二次;两个|三个",
    "compounds": "einundzwanzig|zweiundzwanzig;zweihundert|dreihundert;fünfzehn|sechzehn;venticinque|ventisei;"
    "duecento|trecento;due giorni|sei giorni;dieciséis|dieciocho;veintiuno|veintidós;doscientos|trescientos;"
    "dezesseis|dezoito;vijftien|zestien;eenentwintig|tweeëntwintig",
    "negations": "unable to|able to;I hardly pay|I pay;non-refundable|refundable;keinerlei Geld|viel Geld;kaum da|da;"
    "aldri det|det;ingenting det|det;ei ole|ole;emme osta|osta;değil mi|mi;yok|var;غير مدفوع|مدفوع;ما دفعت|دفعت;"
    "ولم أدفع|أدفع;नहीं भेजो|भेजो;मत भेजो|भेजो;не плачу|плачу;никогда|всегда;nie mogę|mogę;bez opłat|opłat;"
    "我甭付款|我付款;我莫付款|我付款;我休想付款|我想付款;買いません|買います;買えない|買える;払わなかった|払った;"
    "안 했어요|했어요;하지 않았어요|하지 했어요;돈이 없어요|돈이 있어요;못했어요|했어요;ไม่จ่าย|จ่าย;לא משלם|משלם;"
    "אין כסף|כסף;δεν πληρώνω|πληρώνω;όχι|ναι;không trả|trả;chưa trả|trả;tidak bayar|bayar;bukan itu|itu;"
    "nu plătesc|plătesc;není to|je to",
}


@pytest.mark.parametrize("pair", [pair for pairs in PAIRS.values() for pair in pairs.split(";")])
def test_texts_that_say_different_things_are_not_merged(pair: str) -> None:
    assert found(Matching(threshold=0.6), [LETTER.format(side) for side in pair.split("|")]) == {}


@pytest.mark.parametrize(
    "pair", ["do not pay|don't pay", "red|crimson", "is not paid|isn't paid", "never, ever|neevr, ever"]
)
def test_texts_that_say_the_same_are_merged(pair: str) -> None:
    links = found(Matching(threshold=0.6), [LETTER.format(side) for side in pair.split("|")])
    assert links[1].kind == "near"
