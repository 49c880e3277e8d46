"""A tiny world: articles of invented people, each with entities and themes."""

from pathlib import Path

import pytest
from hypothesis import settings
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AlbertConfig,
    AutoModel,
    AutoTokenizer,
    BertConfig,
    ElectraConfig,
    ModernBertConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
    set_seed,
)

from asn_nlp.articles import Article
from asn_nlp.benchmark.random_run import write_random_run
from asn_nlp.formats import inline

# A busy machine is no failure: by default an example of hypothesis fails after 200 ms.
# Fifty examples a test are what a whole run has time for.
settings.register_profile("untimed", deadline=None, max_examples=50)
settings.load_profile("untimed")

_SOURCES = {
    "apel": """\
kind: berita
region: Bali

[Kepala Dinas Sosial|T] [Bali|P] Pimpin Apel {DISIPLIN}
DENPASAR - [Wayan Tirta Adnyana, S.Sos|O] menegur 12 pegawai yang terlambat. {DISIPLIN}
“Datang tepat waktu,” kata [Tirta|O].

Hujan turun sampai sore.
""",
    "mutasi": """\
kind: siaran pers
region: Riau

[Bupati Kampar|T] [H. Darwis Lubuk|O] melantik tiga camat, Senin (3/2). {KARIER}
Pejabat lama menyerahkan laporan kinerja dan kunci kantor. {KARIER,KINERJA}
""",
    "aplikasi": """\
kind: portal daerah
region: Gorontalo

Layanan izin kini lewat telepon genggam 😀, ujar [Sekda|T] [Gorontalo|P]. {DIGITALISASI}
""",
}


# One article a block, for training; invented like the rest.
_NEWS = [
    """\
kind: berita

[Gubernur|T] [Riau|P] Lantik Pejabat {KARIER}
[Gubernur|T] [Riau|P] [Hasan Basri, M.Si|O] melantik lima pejabat di aula kantor. {KARIER}
Acara selesai menjelang siang.
""",
    """\
kind: berita

[Wali Kota Bitung|T] [Ny. Rina Lasut|O] menegur pegawai yang bolos apel pagi. {DISIPLIN}
“Sanksi menanti,” kata [Rina|O] singkat. {DISIPLIN}
""",
    """\
kind: siaran pers

Pemprov [Bali|P] membuka formasi bagi guru dan perawat tahun ini. {PENGADAAN}
[Sekda|T] [Bali|P] [Made Wirawan|O] meminta pelamar waspada calo. {PENGADAAN}
""",
    """\
kind: berita

Warga memuji loket baru yang buka sampai sore. {PELAYANAN_PUBLIK}
[Camat Tampan|T] [Yusri Anwar|O] berjanji antrean makin pendek. {PELAYANAN_PUBLIK}
Pohon di halaman ikut ditata.
""",
    """\
kind: berita

[Bupati Donggala|T] [Lukman Hadi|O] menaikkan tunjangan pegawai dua persen. {KESEJAHTERAAN}
Kabar itu disambut tepuk tangan di [Sulteng|P]. {KESEJAHTERAAN}
""",
    """\
kind: portal daerah

Aplikasi surat kini dipakai seluruh dinas di [Gorontalo|P]. {DIGITALISASI}
[Kepala Dinas Kominfo|T] [Siti Maryam, S.Kom|O] menyebut server sudah diperkuat. {DIGITALISASI}
""",
    """\
kind: berita

Penyidik memeriksa [Kepala Dinas Pasar|T] [Bram Siregar|O] soal suap lapak. {INTEGRITAS}
[Bram|O] membantah tuduhan itu.
""",
    """\
kind: berita

[Ketua Bawaslu|T] [Jambi|P] [Dewi Lestari|O] mengingatkan pegawai agar netral. {NETRALITAS}
Masa tenang dimulai hari Minggu.
""",
    """\
kind: siaran pers

Jam kerja selama puasa berakhir pukul tiga, tulis surat [Sekda|T] [Banten|P]. {JAM_KERJA}
Pegawai tetap hadir lima hari. {JAM_KERJA,DISIPLIN}
""",
    """\
kind: berita

Pelatihan pemimpin muda diikuti tiga puluh orang di [Kaltara|P]. {KOMPETENSI}
[Kepala BKD|T] [Kaltara|P] [Andi Saputra|O] menutup pelatihan itu. {KOMPETENSI}
""",
    """\
kind: berita

[Inspektur|T] [NTB|P] [Lalu Gafar|O] menagih target kinerja triwulan kedua. {KINERJA}
Anggaran baru terserap separuh. {KINERJA}
""",
    """\
kind: berita

[Bupati Sigi|T] [Irma Yuliana|O] mengajak pegawai bangga melayani bangsa. {BUDAYA_KERJA}
Nilai BerAKHLAK dibacakan bersama. {BUDAYA_KERJA}
""",
]

_TEXTS = [*_SOURCES.values(), *_NEWS]


@pytest.fixture
def tiny_articles() -> list[Article]:
    return [inline.parse(source, name, f"{name}.txt") for name, source in _SOURCES.items()]


@pytest.fixture(scope="session")
def news() -> list[Article]:
    return [inline.parse(source, f"berita-{n}", f"{n}.txt") for n, source in enumerate(_NEWS)]


@pytest.fixture(scope="session")
def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Word pieces learned from the tiny world's own sentences."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        _TEXTS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    assert len(wrapped) > 100
    return wrapped


@pytest.fixture(scope="session")
def tiny_run(
    tmp_path_factory: pytest.TempPathFactory, tiny_tokenizer: PreTrainedTokenizerFast
) -> Path:
    """A run folder whose random weights make a model of two narrow layers."""
    encoder, run = tmp_path_factory.mktemp("encoder"), tmp_path_factory.mktemp("run")
    BertConfig(
        vocab_size=len(tiny_tokenizer),  # and not BERT's, since many tests copy the run
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
    ).save_pretrained(encoder)
    set_seed(0)  # so that the run reads themes, which not every draw does
    write_random_run(run, tiny_tokenizer, encoder=str(encoder))
    return run


@pytest.fixture(scope="session")
def byte_tokenizer() -> PreTrainedTokenizerFast:
    """Byte pairs as RoBERTa and ModernBERT have them: a token may be part of a character."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(
        _TEXTS,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=False, add_prefix_space=False
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        cls_token="<s>",
        pad_token="<pad>",
        sep_token="</s>",
        unk_token="<unk>",
        mask_token="<mask>",
    )


@pytest.fixture(scope="session")
def unigram_tokenizer() -> PreTrainedTokenizerFast:
    """SentencePiece as ALBERT has it: spaces belong to the word behind, ligatures are resolved."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        _TEXTS,
        trainers.UnigramTrainer(
            vocab_size=300,
            special_tokens=["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"],
            unk_token="<unk>",
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        cls_token="[CLS]",
        pad_token="<pad>",
        sep_token="[SEP]",
        unk_token="<unk>",
        mask_token="[MASK]",
    )


@pytest.fixture(scope="session")
def encoders(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_tokenizer: PreTrainedTokenizerFast,
    byte_tokenizer: PreTrainedTokenizerFast,
    unigram_tokenizer: PreTrainedTokenizerFast,
) -> dict[str, Path]:
    """Folders of tiny encoders with random weights and their tokenisers, by architecture."""
    shapes: dict[str, tuple[type[PreTrainedConfig], PreTrainedTokenizerFast, dict[str, int]]] = {
        "bert": (BertConfig, tiny_tokenizer, {}),
        "albert": (AlbertConfig, unigram_tokenizer, {"embedding_size": 8}),
        "roberta": (RobertaConfig, byte_tokenizer, {}),
        "electra": (ElectraConfig, tiny_tokenizer, {"embedding_size": 8}),
        "modernbert": (
            ModernBertConfig,
            byte_tokenizer,
            {"cls_token_id": 0, "bos_token_id": 0, "sep_token_id": 2, "eos_token_id": 2},
        ),
    }
    folders = {}
    for name, (config, tokenizer, options) in shapes.items():
        folders[name] = tmp_path_factory.mktemp(name)
        set_seed(0)
        AutoModel.from_config(
            config(
                vocab_size=len(tokenizer),
                pad_token_id=tokenizer.pad_token_id,
                hidden_size=16,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=32,
                max_position_embeddings=66,
                **options,
            )
        ).save_pretrained(folders[name])
        tokenizer.save_pretrained(folders[name])
        # Loading a tokeniser can go wrong in silence, with a vocabulary of nothing.
        assert len(AutoTokenizer.from_pretrained(folders[name])) == len(tokenizer) > 100
    return folders
