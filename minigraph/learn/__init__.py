"""The checks of the exercises: a file for each chapter, built on the helpers in `checking`.

    from minigraph.learn import chapter_04 as check

    check.parents_first(parents_first)

A check runs the reader's own object and says what it found. It compares with properties that must
hold, or with a slow and plain version, never bit by bit, and it never gives the answer away.
"""
