"""The checks of the exercises: a file for each chapter, built on the helpers in `checking`.

    from minigraph.learn import chapter_04 as check

    check.parents_first(parents_first)

A check runs the reader's own object and says what it found. It tests against properties that must
hold, or against a slow, simple version, never bit for bit, and it never gives the answer away.
"""
