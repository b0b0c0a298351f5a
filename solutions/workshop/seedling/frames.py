"""Wordings of the brief that the corpus does not contain: what a learner might type.

Every content word stands somewhere in the corpus; no sentence frame does. A test holds
both. They are for the probes only.
"""

from __future__ import annotations

HELD_OUT_FRAMES: tuple[str, ...] = (
    "A rhyming poem of four lines about {topic}, please",
    "About {topic}: a short poem, four lines, with rhymes",
    "Four rhyming lines about {topic}",
    "4 lines about {topic} that rhyme, as a poem",
    "I would like you to write four rhyming lines about {topic}",
    "My mother would love a short quatrain about {topic} that rhymes",
    "{topic} - please make a rhyming poem out of it, 4 lines",
    "Please, a little rhyme of four lines on {topic}",
    "Be a poet: four lines on {topic}, and let the lines rhyme",
    "As a poet, write about {topic} in four lines that rhyme",
    "You are a poet and I am your friend. Write me 4 rhyming lines about {topic}.",
    "Take {topic} and make a short poem of it: 4 lines, rhyming",
    "The poem should rhyme, have four lines and be about {topic}",
    "What I want is a poem with 4 lines that rhymes; the subject is {topic}",
    "It should be a quatrain, it should rhyme, and it should be about {topic}",
    "Write a poem. Subject: {topic}. Length: 4 lines. Rhyming: please.",
    "Write a poem (4 lines, rhyming) about {topic}",
    "Poem, please: {topic}, 4 lines, must rhyme",
    "Could I have four short lines about {topic}, with rhymes?",
    "Would you write a poem about {topic}? Four lines. With rhymes.",
    "Give me a poem with rhymes, no more than 4 lines and no less, about {topic}",
    "I need 4 lines of poetry for a card. It should rhyme. Write about {topic}.",
    "For the calendar of my class: a rhyming quatrain about {topic}",
    "Let the poem about {topic} rhyme and give it 4 lines",
    "Let us have four lines that rhyme on the subject of {topic}, thank you",
    "Write four lines of rhyming verse about {topic}",
    "Can a poem about {topic} be short? Write one with 4 lines that rhymes.",
    "Write something about {topic} with 4 lines and rhymes, a poem",
    "A quatrain about {topic}, rhyming, thanks",
    "Hello poet! {topic}, four lines, rhyming, please!",
    "My teacher asked for a poem about {topic} and said it must rhyme and have 4 lines",
    "Short poem, 4 lines, about {topic}. Please do make it rhyme!",
    "Write about {topic} as a rhyming poem with exactly four lines",
    "With four lines and with rhymes, I would like a poem about {topic}",
)

FRAMES_WITH_TYPOS: tuple[str, ...] = (
    "Wriet a short rhyming poem about {topic} wiht 4 lines",
    "write a shrot, rhyimng poem abuot {topic} with four lines",
    "Pleas write a poem about {topic} that rhymess with 4 line",
    "a rhymng peom about {topic}, 4 lines pls",
    "writea rhyming poem about {topic} in 4 lnes",
    "Write me a rhyming poem abt {topic}, make it 4 lines longg",
)
