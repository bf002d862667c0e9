# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""How near captions are to references, one each: BLEU (Papineni et al. 2002) and CIDEr-D (Vedantam et al. 2015), of words in lower case."""

import math
from collections import Counter
from collections.abc import Sequence

LONGEST = 4  # words of an n-gram
LENGTH_SPREAD = 6.0  # words; CIDEr-D's sigma


def ngrams(text: str, length: int) -> Counter:
    words = text.lower().split()
    return Counter(tuple(words[i : i + length]) for i in range(len(words) - length + 1))


def bleu(captions: Sequence[str], references: Sequence[str]) -> float:
    """BLEU-4 of the whole corpus, 0 to 1: clipped precisions, their geometric mean, the penalty for brevity."""
    precisions = []
    for length in range(1, LONGEST + 1):
        pairs = [(ngrams(caption, length), ngrams(reference, length)) for caption, reference in zip(captions, references, strict=True)]
        precisions.append(sum((found & wanted).total() for found, wanted in pairs) / max(1, sum(found.total() for found, _ in pairs)))
    if min(precisions) == 0:
        return 0.0
    said, wanted = (sum(len(text.split()) for text in texts) for texts in (captions, references))
    return min(1.0, math.exp(1 - wanted / said)) * math.exp(sum(map(math.log, precisions)) / LONGEST)


def cider(captions: Sequence[str], references: Sequence[str]) -> float:
    """CIDEr-D averaged over the corpus, 0 to 10: cosines of n-grams weighted by their rarity among the references."""
    return sum(_ciders(captions, references, length) for length in range(1, LONGEST + 1)) / LONGEST


def _ciders(captions, references, length):
    wanted = [ngrams(reference, length) for reference in references]
    documents = Counter(gram for grams in wanted for gram in grams)
    rarity = {gram: math.log(len(references) / count) for gram, count in documents.items()}
    unseen = math.log(len(references))

    def weighted(grams):
        return {gram: count * rarity.get(gram, unseen) for gram, count in grams.items()}

    total = 0.0
    for caption, reference, grams in zip(captions, references, wanted, strict=True):
        ours, theirs = weighted(ngrams(caption, length)), weighted(grams)
        norms = math.hypot(*ours.values()) * math.hypot(*theirs.values())
        shared = sum(min(value, theirs.get(gram, 0.0)) * theirs.get(gram, 0.0) for gram, value in ours.items())
        further = len(caption.split()) - len(reference.split())
        total += 10 * shared / norms * math.exp(-(further**2) / (2 * LENGTH_SPREAD**2)) if norms else 0.0
    return total / len(references)
