"""What happens around the visits: sign-up, trials and renewals, emails, appointments in a store."""

from datetime import date, datetime, time, timedelta

from sample_data.shop.catalogue import EMAIL_CAMPAIGNS, SERVICES
from sample_data.shop.dice import Dice
from sample_data.shop.events import Diary, Event
from sample_data.shop.people import GUEST, LAPSED, LAST_DAY, ROBOT, Person

_PRICES = {("plus", "monthly"): 4.99, ("plus", "yearly"): 49.0, ("pro", "monthly"): 9.99, ("pro", "yearly"): 99.0}
_TRIAL = timedelta(days=14)
_UPGRADES = datetime.combine(date(2026, 9, 1), time())


def moments(person: Person) -> list[Event]:
    """Everything about the person that is not a visit to the shop's pages."""
    if person.persona is ROBOT or person.persona is GUEST:
        return []
    diary = Diary(person, Dice("moments", person.number))
    _sign_up(diary)
    _subscribe(diary)
    _read_email(diary)
    _book_appointments(diary)
    return diary.events


def cancels(person: Person) -> bool:
    """Whether the person, who has stopped coming, has also given up the paid plan."""
    return person.plan != "free" and person.persona is LAPSED and Dice("cancel", person.number).chance(0.5)


def renews_at(person: Person) -> datetime | None:
    """The UTC instant of the next renewal; long past where the payments ceased, None where nothing is to be renewed."""
    if person.plan == "free" or cancels(person):
        return None
    so_far = renewals(person)
    return so_far[-1] + _period(person) if so_far else _trial_began(person) + _TRIAL


def _trial_began(person: Person) -> datetime:
    return person.signed_up_at + timedelta(days=Dice("trial", person.number).between(0, 60))


def _period(person: Person) -> timedelta:
    return timedelta(days=30 if person.billing == "monthly" else 365)


def price_of(person: Person) -> float:
    """What the person pays for the plan at each renewal."""
    return _PRICES[person.plan, person.billing]


def renewals(person: Person) -> list[datetime]:
    """The renewals so far: the first at the end of the trial, the others a period apart."""
    instant, found = _trial_began(person) + _TRIAL, []
    while instant < person.active_until:
        found.append(instant)
        instant += _period(person)
    return found


def _sign_up(diary: Diary) -> None:
    diary.at = diary.person.signed_up_at
    diary.did("Signed Up", method=diary.dice.weighted({"email": 6, "google": 3, "apple": 1}), plan="free")


def _subscribe(diary: Diary) -> None:
    person = diary.person
    if person.plan == "free":
        return
    diary.at = _trial_began(person)
    diary.did("Trial Started", plan=person.plan, trial_ends_at=f"{diary.at + _TRIAL:%Y-%m-%dT%H:%M:%SZ}")
    for renewal in renewals(person):
        diary.at = renewal
        plan = _plan_at(person, renewal)
        diary.did("Subscription Renewed", plan=plan, amount=_PRICES[plan, person.billing])
    if cancels(person):
        diary.at = person.active_until - timedelta(hours=1)
        diary.did("Subscription Cancelled", plan=person.plan, reason=diary.dice.pick(("price", "not used", "")))


def _plan_at(person: Person, renewal: datetime) -> str:
    """The plan that is renewed: half of those with the bigger one had the smaller one before September."""
    if person.plan == "pro" and person.number % 2 == 0 and renewal < _UPGRADES:
        return "plus"
    return person.plan


def _read_email(diary: Diary) -> None:
    """The newsletters that were opened, some of them twice, and the links followed."""
    person, dice = diary.person, diary.dice
    for (month, day), campaign in EMAIL_CAMPAIGNS.items():
        if not dice.chance(person.persona.opens_email * person.activity):
            continue
        sent_at = person.local_to_utc(datetime.combine(date(LAST_DAY.year, month, day), time(8)))
        diary.at = sent_at + timedelta(minutes=dice.weighted({dice.between(1, 90): 6, dice.between(90, 4000): 4}))
        diary.did("Email Opened", campaign=campaign)
        if dice.chance(0.25):
            diary.wait(3, 60)
            diary.did("Email Clicked", campaign=campaign, link=dice.pick(("hero", "footer", "product")))
        if dice.chance(0.1):
            diary.wait(3600, 90000)
            diary.did("Email Opened", campaign=campaign)


def _book_appointments(diary: Diary) -> None:
    person, dice = diary.person, diary.dice
    if person.city.store is None or not dice.chance(0.12 * person.activity):
        return
    days = (person.active_until - person.active_from).days
    booked_at = person.active_from + timedelta(days=dice.between(days // 2, days), minutes=dice.between(0, 600))
    appointment = datetime.combine(booked_at, time(dice.between(10, 17), dice.pick((0, 30)))) + timedelta(days=dice.between(1, 21))
    diary.at = booked_at
    diary.did(
        "Appointment Booked",
        store=person.city.store,
        service=dice.pick(SERVICES),
        appointment_at=f"{appointment:%Y-%m-%dT%H:%M}{_offset(person)}",
    )


def _offset(person: Person) -> str:
    """The person's UTC offset as ISO 8601 writes it, such as +05:30."""
    hours, minutes = divmod(abs(person.city.utc_offset), 60)
    return f"{'-' if person.city.utc_offset < 0 else '+'}{hours:02d}:{minutes:02d}"
