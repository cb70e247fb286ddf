"""National numbers are masked when their check holds, and those that look like any number only where they are named."""

import pytest

from enrichment_platform_tests.cleaning.conftest import applied

# Published specimens, so that the checks are held to something other than themselves; (words before it, number).
SPECIMENS = {
    "UK NINO": ("", "AB 12 34 56 C"),
    "UK NINO, small letters": ("national insurance number: ", "ab123456c"),
    "UK NHS": ("NHS number ", "943 476 5919"),
    "Spanish DNI": ("", "12345678Z"),
    "Spanish NIE": ("", "X1234567L"),
    "Italian codice fiscale": ("", "RSSMRA85T10A562S"),
    "French NIR": ("", "2 69 05 49 588 157 80"),
    "French NIR, Corsica (key by hand)": ("", "1 85 05 2A 006 084 35"),
    "German Steuer-ID": ("Steuer-ID: ", "86 095 742 719"),
    "Dutch BSN": ("BSN ", "111222333"),
    "Polish PESEL": ("PESEL ", "44051401359"),
    "Brazilian CPF": ("", "111.444.777-35"),
    "Indian Aadhaar": ("Aadhaar no. ", "2341 2341 2346"),
    "Canadian SIN": ("SIN is ", "046 454 286"),
    "Swedish personnummer": ("", "811218-9876"),
    "Swedish personnummer, digits": ("personnummer: ", "198112189876"),
    "Swiss AHV": ("", "756.9217.0769.85"),
}


@pytest.mark.parametrize("name", SPECIMENS)
def test_specimen_is_masked_with_any_other_last_sign_left(name: str) -> None:
    before, number = SPECIMENS[name]
    assert applied("mask_pii", [f"my {before}{number}, thanks"], kinds=["national_id"]) == [
        f"my {before}[NATIONAL_ID], thanks"
    ]
    if "NINO" in name:  # has no check sign
        return
    last = number[-1]
    others = [sign for sign in ("0123456789" if last.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ") if sign != last]
    wrong = [f"my {before}{number[:-1]}{sign}, thanks" for sign in others]
    assert applied("mask_pii", wrong, kinds=["national_id"]) == wrong


@pytest.mark.parametrize("name", [name for name, (before, _) in SPECIMENS.items() if before])
def test_number_that_any_other_may_be_is_left_without_its_name(name: str) -> None:
    _, number = SPECIMENS[name]
    text = f"order {number} of today"
    assert applied("mask_pii", [text], kinds=["national_id"]) == [text]


@pytest.mark.parametrize("text", ["GB123456A", "QQ123456C", "AB123456E", "XAB123456C", "12345678ZZ", "112345678Z"])
def test_what_is_never_given_out_or_goes_on_is_left(text: str) -> None:
    assert applied("mask_pii", [text]) == [text]
