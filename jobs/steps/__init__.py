"""The journey's verbs, one a file.

Those that wait for the outside world (prepare, submit, observe, collect, erase, tell, send, learn)
have three phases, which `jobs.pipeline` drives:

    claim(limit, now) -> works     one short transaction: due rows, leased
    call(work)        -> outcome   network or imaging; no database; bounded time
    record(work, outcome, now)     one transaction: move + money + event; only if still ours

The others (intake, consent, order, settle, abandon) are plain calls from a view or another step.
No step enqueues anything.
"""
