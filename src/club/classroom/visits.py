"""Friends in a pupil's club: the class passes their words on to the pupil's page, and back. No network here either.

A host is the line of the page whose program runs, and a guest the line of a friend.
"""

import itertools
from dataclasses import dataclass
from typing import Any, Protocol

from club.classroom.wire import AboutVisit, VisitAnswer, VisitClosed, VisitMessage, VisitOpened

MOST_LINES = 12  # of one guest
ASLEEP = 1012  # the club comes back; a guest's page calls again
MAY_BE_SENT = {1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)}  # the other close codes are reserved


class Host(Protocol):
    def send(self, **message: Any) -> bool: ...


class Guest(Protocol):
    """`accept` when the club opens, then `send_text`, and `hang_up` at the end, which is "no" if it comes first."""

    def accept(self) -> None: ...
    def send_text(self, text: str) -> bool: ...
    def hang_up(self, code: int = 1000, reason: str = "") -> None: ...


class Asker(Protocol):
    def answer(self, status: int, body: str) -> None: ...


@dataclass
class Visit:
    id: int
    host: Host
    guest: Guest
    who: str
    is_open: bool = False


@dataclass
class Question:
    id: int
    host: Host
    asker: Asker


class Visits:
    def __init__(self) -> None:
        self.visits: dict[int, Visit] = {}
        self.questions: dict[int, Question] = {}
        self.numbers = itertools.count(1)

    # From guests

    def open(self, host: Host, guest: Guest, path: str, who: str) -> Visit | None:
        """Ask the host's program to let this guest in. Returns None if it cannot be asked."""
        if sum(visit.who == who for visit in self.visits.values()) >= MOST_LINES:
            return None
        visit = Visit(next(self.numbers), host, guest, who)
        if not host.send(type="visit.open", id=visit.id, path=path, who=who):
            return None
        self.visits[visit.id] = visit
        return visit

    def say(self, visit: Visit, text: str) -> None:
        if not visit.host.send(type="visit.send", id=visit.id, data=text):
            self.close(visit, 1013, "The club is too busy.")

    def leave(self, visit: Visit, code: int) -> None:
        """The guest has gone."""
        if self.visits.pop(visit.id, None):
            visit.host.send(type="visit.close", id=visit.id, code=code if code in MAY_BE_SENT else 1001)

    def ask(self, host: Host, asker: Asker, path: str) -> Question | None:
        question = Question(next(self.numbers), host, asker)
        if not host.send(type="visit.ask", id=question.id, path=path):
            return None
        self.questions[question.id] = question
        return question

    def forget(self, question: Question) -> None:
        self.questions.pop(question.id, None)

    # From hosts

    def hear(self, host: Host, message: AboutVisit) -> None:
        """What is about a visit that has ended, or is another host's, changes nothing."""
        if isinstance(message, VisitAnswer):
            question = self.questions.get(message.id)
            if question and question.host is host:
                self.forget(question)
                question.asker.answer(message.status, message.body)
            return
        visit = self.visits.get(message.id)
        if not visit or visit.host is not host:
            return
        match message:
            case VisitOpened() if not visit.is_open:
                visit.is_open = True
                visit.guest.accept()
            case VisitMessage(data=data) if visit.is_open and not visit.guest.send_text(data):
                self.close(visit, 1013, "You fell asleep. Please come back.")
            case VisitClosed(code=code, reason=reason):
                self.end(visit, code if code in MAY_BE_SENT else 1011, reason)

    # Endings

    def end(self, visit: Visit, code: int, reason: str) -> None:
        """The host knows already."""
        self.visits.pop(visit.id, None)
        visit.guest.hang_up(code, reason.encode()[:120].decode(errors="ignore"))

    def close(self, visit: Visit, code: int, reason: str) -> None:
        self.leave(visit, code)
        visit.guest.hang_up(code, reason)

    def shut(self, host: Host) -> None:
        """The host's page has closed its door, has gone, or sleeps."""
        for visit in [visit for visit in self.visits.values() if visit.host is host]:
            self.close(visit, ASLEEP, "")
        for question in [question for question in self.questions.values() if question.host is host]:
            self.forget(question)
            question.asker.answer(0, "")

    def put_out(self, who: str) -> None:
        for visit in [visit for visit in self.visits.values() if visit.who == who]:
            self.close(visit, 1008, "Your teacher has closed your line.")
