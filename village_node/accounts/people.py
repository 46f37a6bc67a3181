"""The people of one node: invitations, sign-in, roles, disabling, and the audit line that each of these leaves."""

import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sync_protocol.case.complaints import ONESELF
from sync_protocol.case.powers import ROLES, STANDS_IN, stood_in
from sync_protocol.case.workdays import day_of
from sync_protocol.suites import NotOpened
from village_node.accounts.chain import ChainWatch
from village_node.accounts.exports import Exports
from village_node.accounts.factors import Factors, code_keys_of
from village_node.accounts.guesses import Guesses
from village_node.accounts.marks import MarkFile
from village_node.accounts.passes import Passes
from village_node.accounts.passwords import Hasher, code_hash, one_time_code, password_trouble
from village_node.accounts.readings import Readings
from village_node.accounts.refusals import Refusals
from village_node.accounts.sessions import INVITATION_MS, Sessions, SignedIn, SignInRefused, form_token, keys_of
from village_node.accounts.steps import Demands, Steps
from village_node.accounts.throttle import Throttle
from village_node.accounts.tokens import DAYS_MAX, Known, Tokens
from village_node.accounts.tokens import NAME_LONGEST as TOKEN_NAME_LONGEST
from village_node.accounts.webhooks import Webhooks
from village_node.store.accounts import AccountRows, LastOne, Ordered, SessionRow, StaffRow
from village_node.store.audit import AuditRow, Line, Mark
from village_node.store.drafts import DraftRows
from village_node.store.exports import ExportRows
from village_node.store.factors import FactorRows
from village_node.store.phone import PassRows
from village_node.store.throttles import ThrottleRows
from village_node.store.tokens import TokenRows
from village_node.store.webhooks import WebhookRows

CLOCK_JUMP_MS = 60_000
NUMBER_LONGEST = 32
MANAGES = "admin"  # the role without which nobody could let anybody in
NAME_LONGEST = 60
SET_UP = "first set-up"  # who acts in the audit trail then: with a blank in it, it is nobody's staff number
# Who else acts in records and in the audit trail: whoever had such a number would act in their name.
NOBODYS = frozenset({ONESELF, "node", "operator", "unknown"})


def _no_key(_in_use: bool) -> bytes:
    """The key of a node that was given none. Raises NotOpened."""
    raise NotOpened("there is no key for secrets here")


class StaffTrouble(Exception):
    """Something about an account cannot be done; `zh` and `en` say what and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True)
class Person:
    """Somebody signed in: what pages need to know, and the token their forms carry."""

    staff_no: str
    name: str
    roles: frozenset[str]
    token: str
    # Those of ``roles`` that nobody at the node has: their work falls to others.
    stands_in: frozenset[str] = frozenset()
    # Who made the token with which a program comes in this name; None where the person is there.
    via: str | None = None
    token_id: int | None = None  # and its number


class Accounts:
    """Accounts of one node. `level` decides which roles exist; clock (ms) and randomness are handed in."""

    def __init__(
        self,
        rows: AccountRows,
        level: str,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        hasher: Hasher | None = None,
        steady: Callable[[], int] | None = None,
        beside: MarkFile | None = None,
        signed: Callable[[], Mark | None] = lambda: None,
        factor_key: Callable[[bool], bytes] = _no_key,
        demands: Demands | None = None,
        webhook_hosts: Collection[str] = (),
        rows_a_day: int = 0,
    ) -> None:
        """`steady`: ms that only ever grow, sleep included; without one the clock is taken to run evenly. `beside`:
        where the last look at the audit chain is kept outside the database; `signed`: what this node has said upward
        of it last. `factor_key`: under which the secrets of second factors are encrypted, see Factors. `demands`: what
        roles demand of whoever has one; nothing if None. `webhook_hosts`: where webhooks may send to, see Webhooks.
        `rows_a_day`: see Readings."""
        self.rows = rows
        self.level = level
        self.throttle = Throttle(ThrottleRows(rows.store), clock)
        self.refusals = Refusals(self.throttle.rows, clock)
        self.guesses = Guesses(self.throttle.rows, clock)
        self.chain = ChainWatch(rows, clock, steady or clock, beside, signed)
        self._clock = clock
        self._randomness = randomness
        self._hasher = hasher or Hasher(randomness)
        self._steady = steady or clock
        self._sessions = Sessions(rows, self.throttle, self._hasher, clock, randomness, self._steady)
        self.factors = Factors(
            FactorRows(rows.store), self.throttle, clock, randomness, factor_key, lambda: self.secret("recovery")
        )
        self.demands = demands or Demands()
        self.steps = Steps(rows, self._sessions, self.factors, self.demands, clock, self.guesses)
        self.tokens = Tokens(TokenRows(rows.store), clock, randomness, self._steady)
        self.passes = Passes(PassRows(rows.store), self._sessions, clock, randomness, self._steady)
        self.readings = Readings(self.throttle.rows, clock, rows_a_day)
        self.exports = Exports(ExportRows(rows.store), clock, lambda: self.secret("exports"))
        self.webhooks = Webhooks(WebhookRows(rows.store), webhook_hosts, clock, randomness, factor_key)
        self.drafts = DraftRows(rows.store)
        self._clock_offset_ms = clock() - self._steady()

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that exist at this node's level."""
        return tuple(role for role, level in ROLES if level == self.level)

    def create_invitation(self, staff_no: str, name: str, roles: Iterable[str], by: str = "command line") -> str:
        """Create an account without password and return the one-time code (16 characters) that sets one within 14 days.

        Raises StaffTrouble for a number that exists or stands for somebody else in the records, an empty name, or a
        role this level does not have.
        """
        number, called, chosen = new_number(staff_no), new_name(name), self._chosen(roles)
        code, now = one_time_code(self._randomness), self._clock()
        row = StaffRow(number, called, chosen, None, code_hash(code), now + INVITATION_MS, False, now, None, None)
        if not self.rows.add_staff(row, self._line(by, "staff.invite", number, roles=list(chosen))):
            raise _taken(number)
        self._sessions.invited(number, now + INVITATION_MS)  # from here on its age does not depend on the clock
        return code

    def set_up(self, staff_no: str, name: str, roles: Iterable[str], password: str) -> None:
        """The account of whoever sets the node up, with its password, and no other one that an earlier set-up, cut
        short, has left in use. Raises StaffTrouble, for a number that somebody else gave out as well."""
        number, called, chosen = new_number(staff_no), new_name(name), self._chosen({*roles, MANAGES})
        trouble = password_trouble(password, number)
        if trouble is not None:
            raise StaffTrouble(*trouble)
        now, hashed = self._clock(), self._hasher.hash(password)
        told = self._line(SET_UP, "staff.invite", number, roles=list(chosen))
        row = StaffRow(number, called, chosen, hashed, None, None, False, now, now, None)
        left = self.rows.invited_by(SET_UP)  # before this one
        if not self.rows.add_staff(row, told):
            if number not in left:
                raise _taken(number)
            self.rows.change_staff(
                number, told, name=called, roles=chosen, password_hash=hashed, password_set_ms=now, disabled=False
            )
        for other in self.rows.all_staff():
            if other.staff_no in left - {number} and not other.disabled:
                self.disable(other.staff_no, True, by=SET_UP)

    def change(self, staff_no: str, name: str, roles: Iterable[str], by: str) -> None:
        """Give an account another name or other roles; whoever it is signs in again, and has them then. A token in a
        role that was taken away ends with it.

        Raises StaffTrouble as ``create_invitation`` does, for a number that is not there, where nobody would be left to
        manage the node, and for other roles of whoever asks: who gives roles out takes none.
        """
        number, called, chosen = _number(staff_no), new_name(name), self._chosen(roles)
        before = self.rows.staff(number)
        if before is None:
            raise _nobody(number)
        if (called, chosen) == (before.name, before.roles):
            return
        if number == by and chosen != before.roles:
            raise _own_roles()
        said = {"name": called, "name_before": before.name, "roles": chosen, "roles_before": before.roles}
        self._changed(number, self._line(by, "staff.change", number, **said), name=called, roles=chosen)

    def _changed(self, number: str, told: Line, **columns: Any) -> None:
        """Change an account whose sessions end with that. Raises StaffTrouble."""
        try:
            if not self.rows.change_staff(number, told, signs_out=True, keeps=MANAGES, **columns):
                raise _nobody(number)
        except LastOne:
            raise _last_one() from None

    def _chosen(self, roles: Iterable[str]) -> tuple[str, ...]:
        """Roles as they are kept. Raises StaffTrouble for none, or one that this level does not have."""
        chosen = tuple(sorted(set(roles)))
        if not chosen:
            raise StaffTrouble("请至少选一个岗位。", "Choose at least one role.")
        for role in chosen:
            if role not in self.roles:
                raise StaffTrouble(
                    f"本级没有“{role}”这个岗位，可选：{'、'.join(self.roles)}。",
                    f"There is no role {role!r} at this level; choose from {', '.join(self.roles)}.",
                )
        return chosen

    def renew_invitation(self, staff_no: str, by: str = "command line") -> str:
        """Return a new one-time code where a password is lost; the old one ends now, with its sessions."""
        number, code = _number(staff_no), one_time_code(self._randomness)
        until = self._clock() + INVITATION_MS
        changed = self.rows.change_staff(
            number,
            self._line(by, "staff.renew", number),
            signs_out=True,
            password_hash=None,
            invitation_hash=code_hash(code),
            invitation_until_ms=until,
        )
        if not changed:
            raise _nobody(number)
        self._sessions.invited(number, until)
        return code

    def disable(self, staff_no: str, disabled: bool, by: str = "command line") -> None:
        """Disable an account (its sessions end at once) or enable it again; the places above hear of it. Raises
        StaffTrouble when there is none, it is that of whoever asks, nobody would be left to manage the node, or the
        level above keeps it shut."""
        number = _number(staff_no)
        if disabled and number == by:
            raise StaffTrouble("不能停用自己的账号。", "You cannot disable your own account.")
        told = self._line(by, "staff.disable" if disabled else "staff.enable", number)
        try:
            if not self.rows.disable(number, disabled, told, MANAGES):
                raise _nobody(number)
        except LastOne:
            raise _last_one() from None
        except Ordered as order:
            place, _, person = order.by.partition(" ")
            raise StaffTrouble(
                f"账号 {number} 由上级停用（单位代码 {place}，工号 {person}），本机不能启用；请与上级联系解除。",
                f"{number} was disabled by order of the level above (place {place}, {person}): only its lifting of the "
                "order enables it again. Ask them.",
            ) from None

    def waits(self) -> dict[str, int]:
        """Who has to wait before the next attempt to sign in: by staff number, the longest wait left (ms)."""
        kinds = (*keys_of(""), *code_keys_of(""))
        left = {key: wait for kind in kinds for key, wait in self.throttle.waits(kind.rstrip("@")).items()}
        found: dict[str, int] = {}
        for staff in self.rows.all_staff():
            account, person = keys_of(staff.staff_no)
            codes, code_here = code_keys_of(staff.staff_no)
            waits = [
                wait for key, wait in left.items() if key in (account, codes) or key.startswith((person, code_here))
            ]
            if waits:
                found[staff.staff_no] = max(waits)
        return found

    def unlock(self, staff_no: str, by: str = "command line") -> None:
        """End the waits that wrong guesses have put on an account, at its password or its codes; its next wrong guess
        begins to count again.

        Raises StaffTrouble when there is none.
        """
        number = _number(staff_no)
        if self.rows.staff(number) is None:
            raise _nobody(number)
        account, person = keys_of(number)
        codes, code_here = code_keys_of(number)
        keys = (account, codes, *self.throttle.counted(code_here))
        self.throttle.unlock(keys, person, self._line(by, "staff.unlock", number))

    def sign_in(self, staff_no: str, password: str, source: str, before: str = "") -> SignedIn:
        """Begin a session; every try leaves an audit line. ``before``: the browser's cookie until now. Raises
        SignInRefused, which never says what was wrong."""
        number = clean(staff_no)[:NUMBER_LONGEST]
        staff = self._checked(number, password, source)
        return self.steps.first(staff, source, self._line(number, "session.open", number, source=source), before)

    def _checked(self, number: str, password: str, source: str) -> StaffRow:
        """Who shows a right password. Raises SignInRefused; a wrong one leaves a line."""
        try:
            return self._sessions.check(number, password, source)
        except SignInRefused as refused:
            self._audit_refusal(refused, "session.refuse", number, source)
            raise

    def vouch(self, staff_no: str, password: str, source: str, code: str = "") -> Person:
        """Who shows this password, and a code where the account has a second factor, for one act and without a session;
        every try counts as one to sign in does. Where a role demands one and there is none, nobody vouches: it is set
        up at a sign-in. Raises SignInRefused, which never says what was wrong with the password."""
        number = clean(staff_no)[:NUMBER_LONGEST]
        staff = self._checked(number, password, source)
        if self.demands.factor_of(staff) and not self.factors.has(number):
            refused = SignInRefused(0, "none")
            self.steps.note_refusal(number, refused, source)
            raise refused
        self._check_code(number, code, source)
        return self._as_person(staff, staff.roles)

    def _check_code(self, number: str, code: str, source: str) -> None:
        """Whoever has a second factor shows it wherever the password is asked for. Raises SignInRefused."""
        if not self.factors.has(number):
            return
        try:
            if not code:
                raise SignInRefused(0, "missing")
            self.factors.check(number, code, source)
        except SignInRefused as refused:
            self.steps.note_refusal(number, refused, source)
            raise

    def set_password(self, staff_no: str, code: str, password: str, source: str, before: str = "") -> SignedIn:
        """Use the one-time code once: set the password and begin a session. ``before``: the browser's cookie until now.

        Raises StaffTrouble for a password that may not be used, SignInRefused for a number or code that does not fit.
        """
        number = clean(staff_no)[:NUMBER_LONGEST]
        trouble = password_trouble(password, number)
        if trouble is not None:
            raise StaffTrouble(*trouble)
        try:
            told = self._line(number, "password.set", number, source=source)
            staff = self._sessions.with_code(number, code_hash(code), self._hasher.hash(password), source, told)
        except SignInRefused as refused:
            self._audit_refusal(refused, "password.refuse", number, source)
            raise
        return self.steps.first(staff, source, None, before)

    def change_password(self, staff_no: str, old: str, new: str, source: str, code: str = "") -> SignedIn:
        """Change the password of somebody signed in; their sessions end, a new one opens. ``code``: of the second
        factor, where there is one. Raises as set_password."""
        trouble = password_trouble(new, staff_no)
        if trouble is not None:
            raise StaffTrouble(*trouble)
        staff = self._checked(staff_no, old, source)
        self._check_code(staff_no, code, source)
        told = self._line(staff_no, "password.change", staff_no, source=source)
        new_hash, now = self._hasher.hash(new), self._clock()
        self.rows.change_staff(staff_no, told, signs_out=True, password_hash=new_hash, password_set_ms=now)
        opened = self._sessions.begin(staff, source)
        assert opened is not None, "it minds no other, and there is none"
        return opened

    def end_factor(self, staff_no: str, source: str) -> None:
        """Somebody does without his second factor from now on. Raises StaffTrouble where a role demands one."""
        staff = self.rows.staff(staff_no)
        if staff is not None and self.demands.factor_of(staff):
            raise StaffTrouble(
                "您的岗位必须使用二次验证，不能停用；换手机请重新设置。",
                "Your role demands a second factor. With a new telephone, set it up anew.",
            )
        if not self.factors.end(staff_no, source):
            raise StaffTrouble("二次验证没有启用。", "There is no second factor.")

    def reset_factor(self, staff_no: str, by: str = "command line", *, by_admin: bool = True) -> None:
        """Take away the second factor of somebody who has lost it, and sign them out. Nobody does so for himself, and
        for an administrator only another one does, or who is at the machine itself. Raises StaffTrouble."""
        number = _number(staff_no)
        staff = self.rows.staff(number)
        if staff is None:
            raise _nobody(number)
        if number == by:
            raise StaffTrouble(
                "不能重置自己的二次验证，请由另一位负责人或系统管理员办理，或在本机用 factor 命令重置。",
                "Nobody resets his own second factor: another head or administrator does, or the command `factor`.",
            )
        if MANAGES in staff.roles and not by_admin:
            raise StaffTrouble(
                "系统管理员的二次验证，只能由另一位系统管理员重置，或在本机用 factor 命令重置。",
                "That of an administrator is reset by another administrator, or with the command `factor`.",
            )
        if not self.factors.reset(number, by):
            raise StaffTrouble(f"工号 {number} 没有启用二次验证。", f"{number} has no second factor.")

    def person(self, cookie: str, *, touch: bool = True) -> Person | None:
        """Who holds this session cookie, if it is alive; `touch=False` for requests a page makes by itself."""
        found = self._sessions.find(cookie, touch=touch)
        if found is None or found[0].step is not None:
            return None
        staff = found[1]
        return self._as_person(staff, staff.roles, form_token(cookie))

    def _as_person(self, staff: StaffRow, roles: Iterable[str], token: str = "") -> Person:
        """Somebody in these roles, and in those whose work falls to them because nobody else here can do it today: of
        these, one that demands a second factor is for who has one."""
        own = frozenset(roles) & frozenset(self.roles)
        if not any(by & own for by in STANDS_IN.values()):
            return Person(staff.staff_no, staff.name, own, token)
        today = day_of(self._clock()).isoformat()
        beside = stood_in(own, self.rows.staffed(tuple(STANDS_IN), today)) & frozenset(self.roles)
        if not beside.isdisjoint(self.demands.second_factor) and not self.factors.has(staff.staff_no):
            beside -= self.demands.second_factor
        return Person(staff.staff_no, staff.name, own | beside, token, beside)

    def replaced(self, cookie: str) -> SessionRow | None:
        """The session this cookie named, where it ended because its person signed in at another machine."""
        return self._sessions.replaced(cookie)

    def make_token(self, name: str, staff_no: str, role: str, days: int, *, by: str, by_admin: bool) -> str:
        """Make a token for a program that acts as this account in one of its roles, and return it: shown once.

        ``by_admin``: who makes it is an administrator; nobody else makes one that manages the node. Raises
        StaffTrouble.
        """
        called = clean(name)
        if not called or len(called) > TOKEN_NAME_LONGEST:
            raise StaffTrouble(
                f"令牌名称应为 1 到 {TOKEN_NAME_LONGEST} 个字。",
                f"A token's name has 1 to {TOKEN_NAME_LONGEST} characters.",
            )
        if not 1 <= days <= DAYS_MAX:
            raise StaffTrouble(f"有效期应为 1 到 {DAYS_MAX} 天。", f"A token lives 1 to {DAYS_MAX} days.")
        if not staff_no or not role:
            raise StaffTrouble("请选择工号和岗位。", "Choose an account and its role.")
        number = _number(staff_no)
        staff = self.rows.staff(number)
        if staff is not None and (role not in staff.roles or role not in self.roles):
            raise StaffTrouble(f"工号 {number} 没有这个岗位。", f"{number} does not have this role.")
        if role == "admin" and not by_admin:
            raise StaffTrouble(
                "系统管理员的令牌须由系统管理员生成。", "Only an administrator makes one for an administrator."
            )
        token = self.tokens.make(called, number, role, days, by)
        if token is None:
            raise StaffTrouble(f"没有在用的工号 {number}。", f"No account {number} is in use.")
        return token

    def program(self, token: str) -> tuple[Person, Known] | None:
        """Who comes with this token: the account in the one role of the token, and standing in for nobody. It
        sends no form, so no form token."""
        known = self.tokens.find(token)
        if known is None:
            return None
        role = frozenset({known.token.role}) & frozenset(self.roles)
        return Person(
            known.staff.staff_no, known.staff.name, role, "", via=known.token.made_by, token_id=known.token.id
        ), known

    def secret(self, use: str) -> bytes:
        """The secret (32 bytes) of this node for one use, the same for all its workers. Raises NotSaved where it is to
        be drawn and cannot be kept."""
        return self.rows.secret(f"secret.{use}", lambda: self._randomness(32))

    def name_of(self, staff_no: str) -> str:
        """The name of somebody of this node; empty for people of other nodes, whose names stay there."""
        staff = self.rows.staff(staff_no)
        return staff.name if staff else ""

    def sign_out(self, cookie: str, staff_no: str) -> None:
        """End the session at the server."""
        self._sessions.end(cookie, self._line(staff_no, "session.close", staff_no))

    def keep_house(self) -> None:
        """Forget sessions that are over and throttles that nobody remembers, and tell what was refused since the last
        line; the scheduler calls this."""
        self._sessions.purge()
        self.passes.purge()
        self.exports.purge()
        self.refusals.settle()
        self.readings.settle()
        self.throttle.purge()

    def watch_clock(self) -> None:
        """Leave an audit line when the wall clock has jumped; the scheduler calls this."""
        offset = self._clock() - self._steady()
        jumped_ms = offset - self._clock_offset_ms
        if abs(jumped_ms) >= CLOCK_JUMP_MS:
            self.audit("node", "clock.jump", "", {"by_ms": jumped_ms})
        self._clock_offset_ms = offset

    def audit(self, actor: str, action: str, subject: str, detail: dict[str, object]) -> AuditRow:
        """Write one audit line about what changes nothing in the database, before it is done: if the line cannot be
        written this raises, and what it is about must not happen. What changes something writes its line with it."""
        return self.rows.append_audit(Line(self._clock(), actor, action, subject, detail))

    def _line(self, actor: str, action: str, subject: str, **detail: object) -> Line:
        return Line(self._clock(), actor, action, subject, detail)

    def _audit_refusal(self, refused: SignInRefused, action: str, number: str, source: str) -> None:
        """Write a line for a wrong guess; waits write none (they would fill the disk), nor do words that are no number
        (people type their password into the wrong field). All of them are counted."""
        self.guesses.note(source)
        if not refused.wait_ms:
            self.audit("", action, number if self.rows.staff(number) else "unknown", {"source": source})


def clean(text: str) -> str:
    """Text as it is kept: composed characters, no blanks at the ends."""
    return unicodedata.normalize("NFC", text).strip()


def new_name(name: str) -> str:
    """A person's name as it is kept. Raises StaffTrouble when it cannot be one."""
    called = clean(name)
    if not called or len(called) > NAME_LONGEST:
        raise StaffTrouble(f"姓名应为 1 到 {NAME_LONGEST} 个字。", f"A name has 1 to {NAME_LONGEST} characters.")
    return called


def _last_one() -> StaffTrouble:
    return StaffTrouble(
        "这是最后一个可用的系统管理员账号；请先给别人系统管理员岗位，待其设好密码，再改这一个。",
        "This is the last administrator who can sign in: make somebody else one, with a password, first.",
    )


def _own_roles() -> StaffTrouble:
    return StaffTrouble(
        "不能改自己的岗位，请另一名系统管理员办理；本单位只有一名的，先给别人系统管理员岗位，"
        "或由能登录本机的人用命令行 invite 为其开立账号。",
        "You cannot change your own roles: another administrator does. Where you are the only one, make somebody else "
        "one first, or have whoever may use the command line of this machine make an account with its invite command.",
    )


def _taken(number: str) -> StaffTrouble:
    return StaffTrouble(f"工号 {number} 已存在。", f"Staff number {number} exists already.")


def _nobody(number: str) -> StaffTrouble:
    return StaffTrouble(f"没有工号 {number}。", f"There is no staff number {number}.")


def _number(staff_no: str) -> str:
    """A staff number as it is kept. Raises StaffTrouble when it cannot be one."""
    number = clean(staff_no)
    if not 1 <= len(number) <= NUMBER_LONGEST or not number.isprintable() or any(sign.isspace() for sign in number):
        raise StaffTrouble(
            f"工号应为 1 到 {NUMBER_LONGEST} 个字母或数字，中间没有空格。",
            f"A staff number has 1 to {NUMBER_LONGEST} letters or digits and no blanks.",
        )
    return number


def new_number(staff_no: str) -> str:
    """The number of a new account as it is kept. Raises StaffTrouble when it cannot be one."""
    number = _number(staff_no)
    if number.casefold() in NOBODYS:
        raise StaffTrouble(
            f"工号不能是“{number}”：记录里它代表申请人本人、本机或命令行，请换一个。",
            f"{number!r} cannot be a staff number: in the records it stands for the applicant, the node or the command "
            "line. Choose another.",
        )
    if "@" in number:
        raise StaffTrouble("工号中不能有“@”，请换一个。", "A staff number has no “@”: choose another.")
    return number
