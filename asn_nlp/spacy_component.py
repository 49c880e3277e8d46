"""A component of spaCy pipelines: ``nlp.add_pipe("asn_nlp", config={"run": "runs/mine"})``."""

from collections.abc import Iterable, Iterator

from asn_nlp.errors import extra
from asn_nlp.formats.spacy_docs import set_spans
from asn_nlp.predictor import Predictor
from asn_nlp.shipped import run_folder

with extra("spacy", "a component of spaCy pipelines"):
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.util import minibatch


class Reader:
    """Sets ``doc.ents``, with the score at ``span._.score``, and ``doc.spans["themes"]``, with the
    scores in its ``attrs["scores"]``. Where spaCy's tokens do not let an entity begin or end, the
    whole token is marked."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def __call__(self, doc: Doc) -> Doc:
        set_spans(doc, self._predictor(doc.text))
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 256) -> Iterator[Doc]:
        """Read many, in batches as ``nlp.pipe`` has them."""
        for batch in minibatch(stream, size=batch_size):
            docs = list(batch)
            for doc, article in zip(
                docs, self._predictor.predict(doc.text for doc in docs), strict=True
            ):
                set_spans(doc, article)
            yield from docs


@Language.factory(
    "asn_nlp",
    default_config={"run": "ready"},
    assigns=["doc.ents", "doc.spans"],
    retokenizes=False,
)
def make(nlp: Language, name: str, run: str) -> Reader:  # noqa: ARG001 – as spaCy calls it
    """The component that reads with the run in a folder, or with the model that ships: ``ready``.

    Raises:
        RunError: the folder holds no complete run.
    """
    return Reader(Predictor.from_pretrained(run_folder(run)))
