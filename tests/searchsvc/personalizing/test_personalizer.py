"""The personalizer: whoever asks gets what is documented for them, and no more is looked at."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.errors import EventsUnavailableError
from searchsvc.events.event import EventKind
from searchsvc.experiments.assignment import Experiment
from searchsvc.experiments.document import ExperimentDocument
from searchsvc.personalizing.audience import Audience
from searchsvc.personalizing.personalization import NotApplied, Personalization
from searchsvc.personalizing.personalizer import Personalizer
from searchsvc.personalizing.profiles import Profiles
from searchsvc.policy import RankingPolicy
from searchsvc.query.filters import parse_filter
from searchsvc.query.query import Query
from searchsvc.segments.compiler import check_segments
from searchsvc.segments.document import SegmentsDocument
from searchsvc.segments.profile import Interaction, Profile
from searchsvc.segments.segments import Reason, Segments
from searchsvc.segments.shopper import Shopper
from tests.searchsvc.preferences.taught import teach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.layout import IndexLayout
    from searchsvc.learned.model import Learned
    from tests.conftest import Build

NOW = 1_767_268_800_000
DAY = 86_400_000
KNOWN, NEW = "known", "new"
BRANDS = ("Acme", "Bolt")
RECORDS: list[dict[str, Any]] = [
    {"id": f"p{n}", "title": f"thing {n}", "brand": BRANDS[n % 2], "price": f"{n} EUR"}
    for n in range(8)
]
MODEL = teach({it["id"]: {"brand": [it["brand"]]} for it in RECORDS})
POLICY = RankingPolicy()


def boosts(brand: str) -> list[dict[str, Any]]:
    return [{"filter": f"brand:{brand}", "weight": 0.5}]


SEGMENTS: list[dict[str, Any]] = [
    {"name": "germans", "when": {"fact": "country", "eq": "DE"}, "boosts": boosts("Acme")},
    {"name": "named", "boosts": boosts("Bolt")},
    {"name": "vip", "listed": True, "boosts": boosts("Acme")},
    {"name": "buyers", "when": {"fact": "orders", "gte": 1}, "boosts": boosts("Bolt")},
    {
        "name": "likers",
        "like": {"affinities": {"brand": {"Acme": 1.0, "Bolt": -1.0}}, "threshold": 0.1},
        "boosts": boosts("Acme"),
    },
]
CONTEXT = {"country": "DE"}
BOUGHT = Profile(
    interactions=tuple(Interaction("p0", EventKind.PURCHASE, NOW - n * DAY) for n in range(9)),
    orders=9,
    first_ms=NOW - 9 * DAY,
    last_ms=NOW,
    segments=frozenset({"vip", "unknown"}),
)


@dataclass
class Store:
    """A store of profiles that notes what it is asked for."""

    profiles: dict[str, Profile] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def user_key(self, token: str) -> str:
        self.asked.append(f"key of {token}")
        return f"key {token}"

    def profile(self, index: str, user: str) -> Profile:
        self.asked.append(f"profile of {user} in {index}")
        return self.profiles.get(user, Profile())


@dataclass(frozen=True)
class LiveParts:
    """What an audience is made of."""

    segments: Segments
    learned: Learned | None
    experiment: Experiment | None


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build(RECORDS)
    return open_snapshot(layout)


@pytest.fixture
def store() -> Store:
    return Store({"key known": BOUGHT})


@pytest.fixture
def personalizer(store: Store) -> Iterator[Personalizer]:
    profiles = Profiles(lambda: store, 20_000)
    yield Personalizer(profiles)
    profiles.close()


def audience(
    snapshot: Snapshot, experiment: dict[str, Any] | None = None, /, **document: Any
) -> Audience:
    read = SegmentsDocument.model_validate({"segments": SEGMENTS, **document})
    running = None
    if experiment is not None:
        running = Experiment.of(ExperimentDocument.model_validate(experiment))
    parts = LiveParts(check_segments(read, snapshot), MODEL, running)
    return Audience.compile(parts, snapshot, POLICY, None)


def in_segments(personal: Personalization) -> dict[str, Reason]:
    return {it.name: it.why for it in personal.segments}


ONE_ARM: dict[str, Any] = {
    "name": "test",
    "arms": [{"name": "only", "share": 100, "strength": 90, "ranking": {"boost_limit": 0.125}}],
}
EVERYTHING = Shopper(
    consent=True,
    token=KNOWN,
    segments=("named",),
    context=CONTEXT,
    viewed=("p1",),
    strength=40.0,
)


# Who asks.


def test_without_consent_nothing_of_the_shopper_is_looked_at(
    snapshot: Snapshot, store: Store, personalizer: Personalizer
) -> None:
    everybody = audience(snapshot, ONE_ARM)
    personal = personalizer.personalize(
        replace(EVERYTHING, consent=False), everybody, Query("thing"), NOW
    )
    assert personal == Personalization(everybody.policy)
    assert (personal.preferences, personal.reason) == (None, NotApplied.NO_CONSENT)
    assert (personal.user, personal.arm, personal.strength) == (None, None, 0.0)
    assert store.asked == []


def test_somebody_anonymous_has_segments_of_the_request_and_a_session(
    snapshot: Snapshot, store: Store, personalizer: Personalizer
) -> None:
    shopper = replace(EVERYTHING, token=None, strength=None)
    personal = personalizer.personalize(shopper, audience(snapshot, ONE_ARM), Query("thing"), NOW)
    assert in_segments(personal) == {"germans": Reason.RULE, "named": Reason.NAMED}
    assert personal.preferences is not None
    assert personal.preferences.active == (0, 1)
    assert personal.preferences.session is not None
    assert personal.preferences.tastes is None
    assert (personal.user, personal.arm, personal.complete) == (None, None, True)
    assert personal.strength == 60.0
    assert store.asked == []


def test_a_new_user_has_the_same_and_an_arm(
    snapshot: Snapshot, store: Store, personalizer: Personalizer
) -> None:
    shopper = replace(EVERYTHING, token=NEW, strength=None)
    personal = personalizer.personalize(shopper, audience(snapshot, ONE_ARM), Query("thing"), NOW)
    assert in_segments(personal) == {"germans": Reason.RULE, "named": Reason.NAMED}
    assert personal.preferences is not None
    assert personal.preferences.tastes is None
    assert personal.preferences.session is not None
    assert (personal.user, personal.complete) == ("key new", True)
    assert personal.arm is not None
    assert personal.arm.label == "test/only"
    assert store.asked == ["key of new", "profile of key new in shop"]


def test_a_returning_user_has_lists_rules_on_the_past_learned_segments_and_tastes(
    snapshot: Snapshot, personalizer: Personalizer
) -> None:
    personal = personalizer.personalize(EVERYTHING, audience(snapshot), Query("thing"), NOW)
    assert in_segments(personal) == {
        "germans": Reason.RULE,
        "named": Reason.NAMED,
        "vip": Reason.LISTED,
        "buyers": Reason.RULE,
        "likers": Reason.LEARNED,
    }
    assert personal.preferences is not None
    assert personal.preferences.active == (0, 1, 2, 3, 4)
    assert personal.preferences.tastes is not None
    assert personal.preferences.session is not None
    assert personal.reason is None
    assert personal.complete


def test_of_whom_nothing_is_known_the_order_is_that_of_everybody(
    snapshot: Snapshot, personalizer: Personalizer
) -> None:
    everybody = audience(snapshot)
    for token in (None, NEW):
        shopper = Shopper(consent=True, token=token, viewed=("gone",))
        personal = personalizer.personalize(shopper, everybody, Query("thing"), NOW)
        assert (personal.preferences, personal.reason) == (None, NotApplied.NOTHING_KNOWN)
        assert (personal.policy, personal.complete) == (everybody.policy, True)


def test_boosts_in_force_depend_on_the_query(
    snapshot: Snapshot, personalizer: Personalizer
) -> None:
    limited = [{**boosts("Acme")[0], "when": {"query": ["chair"]}}, *boosts("Bolt")]
    segments = [{"name": "named", "boosts": limited}]
    people = audience(snapshot, None, segments=segments)
    shopper = Shopper(consent=True, segments=("named",))
    active = [
        it.preferences.active if it.preferences else None
        for it in (
            personalizer.personalize(shopper, people, Query(text), NOW)
            for text in ("thing", "chairs")
        )
    ]
    assert active == [(1,), (0, 1)]


def test_a_segment_whose_boosts_all_rest_changes_nothing_and_is_told(
    snapshot: Snapshot, personalizer: Personalizer
) -> None:
    rest = [{"name": "named", "boosts": [{**boosts("Acme")[0], "until": "2020-01-01"}]}]
    shopper = Shopper(consent=True, segments=("named",))
    people = audience(snapshot, None, segments=rest)
    personal = personalizer.personalize(shopper, people, Query("thing"), NOW)
    assert in_segments(personal) == {"named": Reason.NAMED}
    assert personal.reason is NotApplied.NOTHING_KNOWN


def test_the_clock_is_asked_where_no_time_is_given(
    snapshot: Snapshot, personalizer: Personalizer
) -> None:
    now = [{"name": "now", "when": {"fact": "country", "eq": "DE"}, "boosts": boosts("Acme")}]
    now[0]["boosts"] = [{**boosts("Acme")[0], "from": "2020-01-01", "until": "2999-01-01"}]
    shopper = Shopper(consent=True, context=CONTEXT)
    personal = personalizer.personalize(
        shopper, audience(snapshot, None, segments=now), Query("thing")
    )
    assert personal.preferences is not None
    assert personal.preferences.active == (0,)


# How strongly.


@pytest.mark.parametrize(
    ("request_says", "arm_says", "expected"),
    [(40.0, 90.0, 40.0), (None, 90.0, 90.0), (None, None, 25.0), (40.0, None, 40.0)],
)
def test_the_strength_is_that_of_the_request_the_arm_the_index(
    snapshot: Snapshot,
    personalizer: Personalizer,
    request_says: float | None,
    arm_says: float | None,
    expected: float,
) -> None:
    arm = {"name": "only", "share": 100, "strength": arm_says}
    people = audience(snapshot, {"name": "test", "arms": [arm]}, strength=25.0)
    shopper = replace(EVERYTHING, strength=request_says)
    personal = personalizer.personalize(shopper, people, Query("thing"), NOW)
    assert personal.strength == expected
    assert personal.preferences is not None
    assert personal.preferences.strength == expected


@pytest.mark.parametrize("where", ["request", "arm", "index"])
def test_a_strength_of_none_reads_no_profile_and_still_knows_the_user(
    snapshot: Snapshot, store: Store, personalizer: Personalizer, where: str
) -> None:
    arm = {**ONE_ARM["arms"][0], "strength": 0.0 if where == "arm" else None}
    people = audience(
        snapshot, {**ONE_ARM, "arms": [arm]}, strength=0.0 if where == "index" else 60.0
    )
    shopper = replace(EVERYTHING, strength=0.0 if where == "request" else None)
    personal = personalizer.personalize(shopper, people, Query("thing"), NOW)
    assert (personal.preferences, personal.reason) == (None, NotApplied.SWITCHED_OFF)
    assert (personal.strength, personal.user) == (0.0, "key known")
    if where == "request":  # the order of everybody, whatever experiment runs
        assert (personal.arm, personal.policy) == (None, people.policy)
    else:
        assert personal.arm is not None
        assert personal.policy.boost_limit == 0.125
    assert store.asked == ["key of known"]


def test_the_service_s_switch_gives_everybody_the_same_and_ends_experiments(
    snapshot: Snapshot, store: Store
) -> None:
    profiles = Profiles(lambda: store, 20_000)
    people = audience(snapshot, ONE_ARM)
    off = Personalizer(profiles, enabled=False)
    personal = off.personalize(EVERYTHING, people, Query("thing"), NOW)
    assert (personal.preferences, personal.reason) == (None, NotApplied.SWITCHED_OFF)
    assert (personal.arm, personal.policy, personal.user) == (None, people.policy, "key known")
    assert store.asked == ["key of known"]
    profiles.close()


# Arms.


def test_whoever_is_in_an_arm_is_answered_by_its_policy(
    snapshot: Snapshot, personalizer: Personalizer
) -> None:
    people = audience(
        snapshot,
        {
            "name": "test",
            "arms": [
                {"name": "control", "share": 50},
                {"name": "other", "share": 50, "ranking": {"session_weight": 0.25}},
            ],
        },
    )
    seen = set()
    for number in range(40):
        shopper = Shopper(consent=True, token=f"t{number}", viewed=("p1",))
        personal = personalizer.personalize(shopper, people, Query("thing"), NOW)
        again = personalizer.personalize(shopper, people, Query("other words"), NOW + DAY)
        assert personal.arm is not None
        assert personal.arm is again.arm
        assert personal.policy is people.policies[personal.arm.name]
        assert personal.preferences is not None
        assert personal.preferences.session is not None
        weight = personal.preferences.session.weight
        assert weight == {"control": 0.5, "other": 0.25}[personal.arm.name]
        seen.add(personal.arm.name)
    assert seen == {"control", "other"}
    assert people.policies["control"] == people.policy


def test_whoever_has_no_part_in_the_experiment_is_answered_as_without_one(
    snapshot: Snapshot, personalizer: Personalizer
) -> None:
    people = audience(snapshot, {**ONE_ARM, "traffic": 0})
    personal = personalizer.personalize(EVERYTHING, people, Query("thing"), NOW)
    assert (personal.arm, personal.policy) == (None, people.policy)


# What is stored cannot be had.


def test_a_profile_that_comes_late_is_told_and_serves_the_next_search(
    snapshot: Snapshot, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    real = store.profile

    def late(index: str, user: str) -> Profile:
        assert gate.wait(20)
        return real(index, user)

    monkeypatch.setattr(store, "profile", late)
    hurried = Profiles(lambda: store, 1.0)
    people = audience(snapshot)
    nothing = Shopper(consent=True, token=KNOWN)
    personal = Personalizer(hurried).personalize(nothing, people, Query("thing"), NOW)
    assert (personal.reason, personal.complete) == (NotApplied.PROFILE_UNAVAILABLE, False)
    assert personal.user == "key known"
    something = replace(nothing, context=CONTEXT)
    personal = Personalizer(hurried).personalize(something, people, Query("thing"), NOW)
    assert in_segments(personal) == {"germans": Reason.RULE}
    assert (personal.reason, personal.complete) == (None, False)
    gate.set()
    patient = Profiles(lambda: store, 20_000)
    personal = Personalizer(patient).personalize(nothing, people, Query("thing"), NOW)
    assert personal.complete
    assert "likers" in in_segments(personal)
    hurried.close()
    patient.close()


def test_without_a_store_a_user_is_somebody_anonymous_and_nothing_may_be_recorded(
    snapshot: Snapshot,
) -> None:
    def gone() -> Store:
        raise EventsUnavailableError("the database is locked")

    profiles = Profiles(gone, 20_000)
    people = audience(snapshot, ONE_ARM)
    personal = Personalizer(profiles).personalize(EVERYTHING, people, Query("thing"), NOW)
    assert in_segments(personal) == {"germans": Reason.RULE, "named": Reason.NAMED}
    assert (personal.user, personal.arm, personal.complete) == (None, None, False)
    profiles.close()


# What is kept beside a profile.


def test_what_is_made_of_a_profile_is_made_once_for_the_same_segments_and_model(
    snapshot: Snapshot, personalizer: Personalizer
) -> None:
    people = audience(snapshot)
    first = personalizer.personalize(EVERYTHING, people, Query("thing"), NOW).preferences
    second = personalizer.personalize(EVERYTHING, people, Query("thing"), NOW).preferences
    assert first is not None
    assert second is not None
    assert first.tastes is second.tastes
    taught = teach({"p0": {"brand": ["Bolt"]}, "p1": {"brand": ["Acme"]}})
    parts = LiveParts(people.segments, taught, None)
    retaught = Audience.compile(parts, snapshot, POLICY, people)
    third = personalizer.personalize(EVERYTHING, retaught, Query("thing"), NOW).preferences
    assert third is not None
    assert third.tastes is not None
    assert third.tastes.model is taught


def test_without_a_model_there_are_no_tastes(
    snapshot: Snapshot, personalizer: Personalizer
) -> None:
    parts = LiveParts(audience(snapshot).segments, None, None)
    people = Audience.compile(parts, snapshot, POLICY, None)
    personal = personalizer.personalize(EVERYTHING, people, Query("thing"), NOW)
    assert personal.preferences is not None
    assert personal.preferences.tastes is None
    assert "likers" not in in_segments(personal)
    assert people.policy.popularity is None


def test_a_shop_without_segments_has_tastes_and_sessions_all_the_same(
    snapshot: Snapshot, personalizer: Personalizer
) -> None:
    people = audience(snapshot, None, segments=[])
    personal = personalizer.personalize(EVERYTHING, people, Query("thing"), NOW)
    assert personal.segments == ()
    assert personal.preferences is not None
    assert (personal.preferences.patterns, personal.preferences.active) == (None, ())
    assert personal.preferences.tastes is not None
    assert personal.preferences.session is not None


def test_a_category_of_the_filter_is_what_the_search_is_within(
    snapshot: Snapshot, personalizer: Personalizer
) -> None:
    limited = [{**boosts("Acme")[0], "when": {"category": ["Shoes"]}}]
    people = audience(snapshot, None, segments=[{"name": "named", "boosts": limited}])
    shopper = Shopper(consent=True, segments=("named",))
    within = Query("", filter=parse_filter({"field": "product_type", "eq": "Shoes > Boots"}))
    assert personalizer.personalize(shopper, people, within, NOW).preferences is not None
    assert personalizer.personalize(shopper, people, Query(""), NOW).preferences is None


# What is made of somebody's events, for their own eyes.


def test_a_portrait_is_what_is_made_of_the_events_whatever_is_asked(
    snapshot: Snapshot, store: Store, personalizer: Personalizer
) -> None:
    spender = replace(BOUGHT, spent=99.5)
    store.profiles["key known"] = spender
    portrait = personalizer.portrait("key known", audience(snapshot))
    assert portrait is not None
    assert (portrait.orders, portrait.spent) == (9, 99.5)
    assert {it.name: it.why for it in portrait.segments} == {
        "vip": Reason.LISTED,
        "buyers": Reason.RULE,
        "likers": Reason.LEARNED,
    }
    assert portrait.tastes == (("brand", "Acme"),)


def test_of_nobody_there_is_no_portrait_and_without_a_model_no_taste(
    snapshot: Snapshot, personalizer: Personalizer
) -> None:
    people = audience(snapshot)
    assert personalizer.portrait("key new", people) is None
    parts = LiveParts(people.segments, None, None)
    untaught = Audience.compile(parts, snapshot, POLICY, None)
    portrait = personalizer.portrait("key known", untaught)
    assert portrait is not None
    assert portrait.tastes == ()
