"""Use cases about issuers: whose access tokens the data plane takes, and which grants their claims map to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, get_args

from yett.admin.cases import Cases
from yett.admin.checks import check_text, check_url, show_moment
from yett.admin.errors import AdminFault, Conflict, Invalid, NotFound
from yett.admin.issuer_views import Algorithm, IssuerChanged, IssuerRuleView, IssuerView, NewIssuer
from yett.admin.permissions import Permission
from yett.admin.showing import moment
from yett.stores.control.records import Issuer, IssuerRule
from yett.stores.control.transaction import Transaction

ISSUERS_MAX: Final = 32
RULES_MAX: Final = 1_000
LIST_MAX: Final = 32
LEEWAY_MAX_S: Final = 300
ALGORITHMS: Final = frozenset(get_args(Algorithm))
NEEDS_KEYS: Final = "its keys are fetched while the control plane runs; until then its tokens are refused"


class IssuerCases(Cases):
    """The issuers' part of `yett.admin.control.Control`."""

    __slots__ = ()

    def issuers(self) -> list[IssuerView]:
        """All, by name."""
        self.require(Permission.VIEW)
        return self.read(lambda read: [self._show(read, issuer) for issuer in read.issuers.listed()])

    def issuer(self, reference: str) -> IssuerView:
        """One, by id or name."""
        self.require(Permission.VIEW)
        return self.read(lambda read: self._show(read, self._find(read, reference)))

    def add_issuer(self, new: NewIssuer) -> IssuerChanged:
        """Take somebody's access tokens from now on, as soon as the keys are there. Errors: `Conflict`, `Invalid`."""
        self.principal.require_everywhere(Permission.MANAGE_ORGANISATION)

        def work(write: Transaction) -> IssuerView:
            if write.issuers.find(new.issuer) is not None:
                raise Conflict(f"the issuer `{new.issuer}` is there already; change or remove it", pointer="/issuer")
            if len(write.issuers.listed()) >= ISSUERS_MAX:
                raise Conflict(f"an organisation has at most {ISSUERS_MAX} issuers")
            issuer = self._checked(write, new, str(uuid.uuid4()))
            write.issuers.add(issuer)
            view = self._show(write, issuer)
            self.log(write, "issuer.added", (issuer.id, issuer.issuer), after=view)
            return view

        view, answer = self.change(work)
        return IssuerChanged(issuer=view, applied=answer.applied, note=answer.note or NEEDS_KEYS)

    def change_issuer(self, reference: str, new: NewIssuer) -> IssuerChanged:
        """Have it be like this. Its keys stay if they come from the same place."""
        self.principal.require_everywhere(Permission.MANAGE_ORGANISATION)

        def work(write: Transaction) -> IssuerView:
            old = self._find(write, reference)
            same = (old.issuer, old.keys_url) == (new.issuer, new.keys_url)
            issuer = replace(self._checked(write, new, old.id), created_at_ns=old.created_at_ns)
            if same:
                issuer = replace(issuer, keys=old.keys, keys_at_ns=old.keys_at_ns, problem=old.problem)
            before = self._show(write, old)
            write.issuers.replace(issuer)
            view = self._show(write, issuer)
            self.log(write, "issuer.edited", (issuer.id, issuer.issuer), before=before, after=view)
            return view

        view, answer = self.change(work)
        return IssuerChanged(issuer=view, applied=answer.applied, note=answer.note)

    def remove_issuer(self, reference: str) -> IssuerChanged:
        """Take its access tokens no more."""
        self.principal.require_everywhere(Permission.MANAGE_ORGANISATION)

        def work(write: Transaction) -> IssuerView:
            issuer = self._find(write, reference)
            view = self._show(write, issuer)
            write.issuers.remove(issuer.id)
            self.log(write, "issuer.removed", (issuer.id, issuer.issuer), before=view)
            return view

        view, answer = self.change(work)
        return IssuerChanged(issuer=view, applied=answer.applied, note=answer.note)

    def note_keys(self, issuer_id: str, keys: Sequence[Mapping[str, Any]] | None, problem: str | None) -> None:
        """Remember what was fetched, or why it could not be; the keys before stay then. For the control plane itself."""
        now_ns = self.now_ns()

        def work(write: Transaction) -> None:
            issuer = write.issuers.find(issuer_id)
            if issuer is None:
                return
            after = replace(issuer, problem=problem)
            if keys is not None:
                after = replace(after, keys=tuple(keys), keys_at_ns=now_ns)
            if (after.keys, after.problem) == (issuer.keys, issuer.problem) and issuer.keys_at_ns is not None:
                return
            write.issuers.replace(after)
            before, told = self._show(write, issuer), self._show(write, after)
            action = "issuer.keys_fetched" if problem is None else "issuer.keys_missed"
            self.log(write, action, (issuer.id, issuer.issuer), before=before, after=told)

        self.change(work)

    def _find(self, read: Transaction, reference: str) -> Issuer:
        issuer = read.issuers.find(reference)
        if issuer is None:
            raise NotFound(f"there is no issuer `{reference}`; `yett issuer list` shows all")
        return issuer

    def _show(self, read: Transaction, issuer: Issuer) -> IssuerView:
        """Of its rules those that lead to grants within reach."""
        rules = []
        for rule in issuer.rules:
            found = read.grants.find(rule.grant_id)
            if self.principal.servers is not None and (found is None or not self.principal.reaches(found.grant.server_id)):
                continue
            name = rule.grant_id if found is None or not found.grant.label else found.grant.label
            rules.append(IssuerRuleView(claims=dict(rule.claims), grant=name))
        return IssuerView(
            id=issuer.id,
            issuer=issuer.issuer,
            audiences=list(issuer.audiences),
            algorithms=list(issuer.algorithms),
            keys_url=issuer.keys_url,
            keys=[str(key.get("kid") or key.get("kty")) for key in issuer.keys],
            keys_at=moment(issuer.keys_at_ns),
            problem=issuer.problem,
            rules=rules,
            leeway_s=issuer.leeway_s,
            created_at=show_moment(issuer.created_at_ns),
        )

    def _checked(self, read: Transaction, new: NewIssuer, issuer_id: str) -> Issuer:
        """The row that `new` asks for."""
        _at("/issuer", lambda: check_url(new.issuer))
        if new.keys_url is not None:
            keys_url = new.keys_url
            _at("/keys_url", lambda: check_url(keys_url))
        if not new.algorithms or not set(new.algorithms) <= ALGORITHMS:
            raise Invalid(f"the algorithms must be some of {', '.join(sorted(ALGORITHMS))}", pointer="/algorithms")
        if not 0 <= new.leeway_s <= LEEWAY_MAX_S:
            raise Invalid(f"the leeway must be from 0 to {LEEWAY_MAX_S} seconds", pointer="/leeway_s")
        if len(new.audiences) > LIST_MAX or len(new.rules) > RULES_MAX:
            raise Invalid(f"at most {LIST_MAX} audiences and {RULES_MAX:,} rules", pointer="/rules")
        for index, audience in enumerate(new.audiences):
            check_text("the audience", audience, f"/audiences/{index}")
        return Issuer(
            id=issuer_id,
            issuer=new.issuer,
            audiences=tuple(new.audiences),
            algorithms=tuple(new.algorithms),
            keys_url=new.keys_url,
            rules=tuple(self._rule(read, rule, f"/rules/{index}") for index, rule in enumerate(new.rules)),
            leeway_s=new.leeway_s,
            created_at_ns=self.now_ns(),
        )

    def _rule(self, read: Transaction, rule: IssuerRuleView, pointer: str) -> IssuerRule:
        if len(rule.claims) > LIST_MAX:
            raise Invalid(f"a rule names at most {LIST_MAX} claims", pointer=f"{pointer}/claims")
        for name, value in rule.claims.items():
            check_text("a claim", name, f"{pointer}/claims")
            check_text(f"the claim `{name}`", str(value), f"{pointer}/claims")
        try:
            return IssuerRule(claims=dict(rule.claims), grant_id=self.find_live_grant(read, rule.grant).grant.id)
        except (NotFound, Conflict) as error:
            raise Invalid(str(error), pointer=f"{pointer}/grant") from error


def _at(pointer: str, check: Any) -> None:
    """Have an error of `check` name this field."""
    try:
        check()
    except AdminFault as error:
        raise Invalid(str(error), pointer=pointer) from error
