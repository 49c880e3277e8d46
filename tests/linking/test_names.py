import pytest

from asn_nlp.linking.names import name_fit, name_tokens


@pytest.mark.parametrize(
    ("surface", "tokens"),
    [
        ("Drs. H. Darwis Lubuk, M.Si", ("darwis", "lubuk")),
        ("dr Maria Bunga S.H.,M.D.C", ("maria", "bunga")),
        ("Ma’arif Sutanto", ("maarif", "sutanto")),
        ("Yohanes T. Lamba, S.STP., M.Si", ("yohanes", "t", "lamba")),
        ("G.L. Karaeng", ("g", "l", "karaeng")),
        ("Ma Sri Wati", ("ma", "sri", "wati")),  # a name, where MA would be a degree
        ("Haji", ("haji",)),
    ],
)
def test_names_are_their_words(surface, tokens):
    assert name_tokens(surface) == tokens


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("Darwis", "Darwis Lubuk"),
        ("Lubuk", "H. Darwis Lubuk, M.Si"),
        ("Sandi", "Sandiaga Prawira"),  # cut
        ("DL", "Darwis Lubuk"),
        ("Darlub", "Darwis Lubuk"),  # a blend
        ("Y. Lamba", "Yohanes Lamba"),
        ("Syarifuddin", "Sarifudin Hakim"),  # spelled as of old
        ("Nurhidayat Saleh", "Nur Hidayat Saleh"),
        ("Gus Hakim", "Sarifudin Hakim"),
        ("Ahok", "Basuki Tjahaja Purnama"),
    ],
)
def test_short_forms_fit_their_full_name(short, full):
    assert name_fit(name_tokens(short), name_tokens(full)) > 0


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("Darwis Hakim", "Darwis Lubuk"),
        ("Lubuk Darwis", "Darwis Lubuk"),
        ("Hartono", "Yudi Tri H"),  # an initial alone says too little
        ("Ani", "Andika Surya"),
        ("Sugianto Sabri", "Agustiar Sabri"),
    ],
)
def test_other_names_do_not(short, full):
    assert name_fit(name_tokens(short), name_tokens(full)) == 0


def test_the_better_fit_is_preferred():
    full = name_tokens("Rudi Hartono")
    assert name_fit(("rudi",), full) > name_fit(("hartono",), full)
    assert name_fit(("rudi",), full) > name_fit(("har",), full)


def mentions(records):
    return [people for people, _, _ in records]


def test_short_forms_join_the_full_name(told):
    text = "[darwis|O] buka apel\n\n[Darwis Lubuk, S.Sos|O] menegur. “Datanglah,” kata [Lubuk|O]."
    assert mentions(told(text)) == [["darwis", "Darwis Lubuk, S.Sos", "Lubuk"]]


def test_of_two_people_of_one_name_the_passage_decides(told):
    text = (
        "[Ahmad Sigit|O] membuka rapat. [Ahmad|O] lalu pulang.\n"
        "[Ahmad Wirya|O] menutupnya. “Selesai,” kata [Ahmad|O]."
    )
    assert mentions(told(text)) == [["Ahmad Sigit", "Ahmad"], ["Ahmad Wirya", "Ahmad"]]


def test_a_name_in_brackets_is_the_one_before_it(told):
    assert mentions(told("[Tri Wibowo|O] ([Cak Bon|O]) hadir. [Bon|O] diam.")) == [
        ["Tri Wibowo", "Cak Bon", "Bon"]
    ]
    # Someone spoken of before keeps a record of his own.
    text = "[Tri Wibowo|O] dan [Robin|O] hadir. [Tri Wibowo|O] ([Robin|O]-[Tri|O]) menang."
    assert mentions(told(text)) == [["Tri Wibowo", "Tri Wibowo", "Tri"], ["Robin", "Robin"]]


def test_a_nickname_is_of_whom_the_text_spoke_last(told):
    text = "[Rudi Hakim|O] memuji [Sri Mulyasari|O].\n[Sari|O], sapaan akrabnya, berterima kasih."
    assert mentions(told(text)) == [["Rudi Hakim"], ["Sri Mulyasari", "Sari"]]
