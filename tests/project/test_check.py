"""Each mistake of `mistakes/` gets its verdict. See also `test_judge.py`."""

import ast
import re
from pathlib import Path

import pytest

from club.causes import Failure, cause_of, causes, first_trouble
from club.ladder import ROOT, steps
from club_site.mistakes import mistakes_of, program_with
from project.test_judge import ONE_EACH, RIGHT

TESTS = Path(__file__).parents[1]
RECORDED = ROOT / "docs" / "assets" / "recorded"
pytestmark = pytest.mark.slow
WRONG = [(step, mistake) for step in steps().values() for mistake in mistakes_of(step)]


def is_short(said: str) -> None:
    assert len(said.strip().splitlines()) <= 13, said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("asked", "mistake"),
    [
        (
            (program_with(mistake, step), step.number, mistake.get("start", step.number), mistake.get("beside", "")),
            mistake,
        )
        for step, mistake in WRONG
    ],
    ids=[f"{step.number}-{mistake['oops']}-{mistake['what']}" for step, mistake in WRONG],
)
def test_a_mistake_gets_its_verdict(verdict, asked, mistake):
    found = verdict(asked)
    assert found.oops in (mistake["oops"], mistake.get("or")), found.said
    assert mistake.get("line", found.code) == found.code, found.said
    is_short(found.said)


@pytest.mark.parametrize(
    "asked",
    [(file.read_text(encoding="utf-8"), int(file.name[:2])) for file in RIGHT if file not in ONE_EACH],
    ids=[file.name for file in RIGHT if file not in ONE_EACH],
)
def test_a_right_program_passes_too(verdict, asked):
    found = verdict(asked)
    assert not found.oops, found.said


OVER_REDIS = next(step for step in steps().values() if "REDIS_URL" in "\n".join(step.lines))
GOODBYE = 'await manager.broadcast(chat_message(client_id, "left the chat"), "chat")'


def with_late_goodbyes(seconds):
    return program_with({"old": GOODBYE, "new": f"await asyncio.sleep({seconds})\n        {GOODBYE}"}, OVER_REDIS)


@pytest.mark.parametrize(
    "asked", [(with_late_goodbyes(seconds), OVER_REDIS.number, OVER_REDIS.number) for seconds in (0.04, 0.08, 0.16)]
)
def test_a_goodbye_may_come_late(verdict, asked):
    """It may be heard by the friends of the next test, and says nothing against a program."""
    found = verdict(asked)
    assert not found.oops, found.said


BAD_DAYS, GHOST = next(each for each in WRONG if each[1]["oops"] == "ghost-on-the-list")
COMES_IN = "    await begin_to_hear(room)\n"
SLOW_DOOR = {"old": COMES_IN, "new": f'    await asyncio.sleep(0.3 * ("two" in __file__))\n{COMES_IN}'}


@pytest.mark.parametrize("asked", [(program_with(SLOW_DOOR, BAD_DAYS), BAD_DAYS.number, BAD_DAYS.number)])
def test_a_door_of_the_second_server_may_be_slow(verdict, asked):
    """A call is picked up a moment before its friend hears what is said, and nobody may count on how long it is."""
    found = verdict(asked)
    assert not found.oops, found.said


LONG_NAMES = GHOST | {"also": [["now + 3 ", "now + 30 "]]}


@pytest.mark.parametrize("asked", [(program_with(LONG_NAMES, BAD_DAYS), BAD_DAYS.number, BAD_DAYS.number)])
def test_a_ghost_that_takes_the_name_of_its_own_friend_is_told_as_one(verdict, asked):
    """If her name has not run out when Redis is back, as it may on a quick machine."""
    found = verdict(asked)
    assert found.oops == "ghost-on-the-list", found.said


@pytest.mark.rules
def test_each_step_has_its_mistakes_and_each_cause_is_made_to_happen():
    for each in steps().values():
        assert len(mistakes_of(each)) >= 8, f"Write more mistakes for {each.name}: how do learners break it?"
    made_to_happen = {mistake["oops"] for _, mistake in WRONG} | {"not-text"}  # see test_club.py
    never = {cause.id for cause in causes().values() if cause.can_be_checked and not cause.last} - made_to_happen
    assert not never, f"Write a mistake that shows each of these causes, or delete them: {sorted(never)}"
    unknown = sorted(made_to_happen - causes().keys())
    assert not unknown, f"Write these causes, above the mistakes of their file, or name others: {unknown}"


@pytest.mark.parametrize(
    ("asked", "step"),
    [(("\n".join([*step.lines, ""]), step.number, step.number), step) for step in steps().values()],
    ids=steps().keys(),
)
def test_each_step_passes(verdict, asked, step):
    found = verdict(asked)
    assert not found.oops, found.said
    on_the_page = (RECORDED / f"{step.name}-check.txt").read_text(encoding="utf-8")
    assert found.said.split() == on_the_page.split()


SHOWN = [(step, mistake) for step, mistake in WRONG if "shown" in mistake]


@pytest.mark.parametrize(
    ("asked", "recorded"),
    [((program_with(mistake, step), step.number), f"{step.name}-{mistake['shown']}.txt") for step, mistake in SHOWN],
)
def test_a_mistake_is_shown_as_on_the_page(verdict, asked, recorded):
    assert verdict(asked).said.split() == (RECORDED / recorded).read_text(encoding="utf-8").split()


@pytest.mark.rules
def test_each_promise_says_in_words_what_was_broken():
    """A learner can do nothing with an `AssertionError`."""
    for file in sorted(TESTS.glob("test_[0-9]*.py")):
        for test in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(test, ast.FunctionDef) and "beyond" not in ast.unparse(test).partition("def ")[0]:
                assert not any(isinstance(each, ast.Assert) for each in ast.walk(test)), (
                    f"{test.name}: call `fail(…)` with a sentence for learners in place of `assert`."
                )


@pytest.mark.rules
def test_each_promise_has_a_cause_of_its_own():
    told = {test for cause in causes().values() for test in cause.tests}
    for file in sorted((ROOT / "tests").glob("test_[0-9]*.py")):
        tests = re.findall(r"^((?:@.+\n)*)def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        unheard_of = {test for marks, test in tests if "beyond" not in marks} - told
        assert not unheard_of, f"Write causes that name these among their `tests`: {sorted(unheard_of)}"


@pytest.mark.parametrize(
    ("test", "kind", "fields", "oops"),
    [
        (
            "the_others_hear_when_a_friend_comes_and_goes_and_only_once",
            "not-heard",
            {"heard": "nothing"},
            "heard-nothing",
        ),
        ("messages_come_in_order_and_once", "hung-up", {"path": "/ws/"}, "cut-off"),
        ("messages_come_in_order_and_once", "heard-other", {"heard": "'8'"}, "heard-something-else"),
        ("any_text_can_be_said", "no-answer", {"method": "GET", "path": "/rooms"}, "nobody-answers"),
        ("any_text_can_be_said", "wrong-status", {"method": "GET", "path": "/rooms"}, "other-answer"),
        ("a_newcomer_does_not_hear_of_their_own_arrival", "heard-other", {"heard": "'old'"}, "old-words"),
        ("the_rooms_board_counts_who_is_there", "odd", {}, "not-kept"),
    ],
)
def test_no_cause_takes_every_failure_of_its_test(test, kind, fields, oops):
    """It says only what the failure shows."""
    failure = Failure(f"test_{test}", 3, kind, "Something happened.", {"who": "Ada"} | fields)
    assert cause_of(failure, "")[0].id == oops


def test_of_tracebacks_in_a_chain_the_last_one_counts():
    def traceback(error):
        return f'Traceback (most recent call last):\n  File "main.py", line 5, in talk\n{error}\n'

    led_to = "\nDuring handling of the above exception, another exception occurred:\n\n"
    goodbye = traceback("starlette.websockets.WebSocketDisconnect: (1005, None)")
    sending = traceback('RuntimeError: Cannot call "send" once a close message has been sent.')
    slip = traceback("NameError: name 'x' is not defined")
    assert first_trouble(f"INFO\n{goodbye}{led_to}{sending}{goodbye}") == f"INFO\n{sending}"
    assert first_trouble(f"{goodbye}{led_to}{slip}{led_to}{sending}") == f"{slip}{led_to}"


def test_an_exception_in_a_group_counts_by_itself():
    told = """  + Exception Group Traceback (most recent call last):
  |   File "main.py", line 9, in talk
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "main.py", line 5, in listen
    | NameError: name 'x' is not defined
    +------------------------------------
"""
    slip = """Traceback (most recent call last):
  File "main.py", line 5, in listen
NameError: name 'x' is not defined"""
    assert first_trouble(told).strip() == slip


@pytest.mark.rules
def test_each_cause_has_three_hints_and_a_piece_that_is_there():
    last = list(steps().values())[-1]
    for cause in causes().values():
        assert len([*cause.hints, cause.do]) == (3 if cause.can_be_checked else 1), (
            f"{cause.id}: a cause that is checked has two hints and `do`; another one has only `do`."
        )
        assert not cause.piece or last.find(cause.piece)
