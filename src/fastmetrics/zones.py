"""Names of time zones: those that the tz database keeps only as older spellings of another.

Polars and other engines take either name, so that one zone may come under two. Places that merely have had one clock
since 1970, such as Oslo and Berlin, are two zones: their clocks may part again.
"""

from __future__ import annotations

import re
import zoneinfo

from fastmetrics.slips import meant

__all__ = ["unknown_zone", "zone_name"]

# Each zone with the names that were given up for it. Equal in Polars at every hour from 1900 on, which a test holds; a
# table of its own, as not every machine has the tz database and Polars does not list what it knows.
OLDER = {
    "Africa/Asmara": "Africa/Asmera",
    "Africa/Bamako": "Africa/Timbuktu",
    "Africa/Cairo": "Egypt",
    "Africa/Tripoli": "Libya",
    "America/Adak": "America/Atka US/Aleutian",
    "America/Anchorage": "US/Alaska",
    "America/Argentina/Buenos_Aires": "America/Buenos_Aires",
    "America/Argentina/Catamarca": "America/Argentina/ComodRivadavia America/Catamarca",
    "America/Argentina/Cordoba": "America/Cordoba America/Rosario",
    "America/Argentina/Jujuy": "America/Jujuy",
    "America/Argentina/Mendoza": "America/Mendoza",
    "America/Atikokan": "America/Coral_Harbour",
    "America/Chicago": "US/Central",
    "America/Denver": "America/Shiprock Navajo US/Mountain",
    "America/Detroit": "US/Michigan",
    "America/Edmonton": "America/Yellowknife Canada/Mountain",
    "America/Halifax": "Canada/Atlantic",
    "America/Havana": "Cuba",
    "America/Indiana/Indianapolis": "America/Fort_Wayne America/Indianapolis US/East-Indiana",
    "America/Indiana/Knox": "America/Knox_IN US/Indiana-Starke",
    "America/Iqaluit": "America/Pangnirtung",
    "America/Jamaica": "Jamaica",
    "America/Kentucky/Louisville": "America/Louisville",
    "America/Los_Angeles": "US/Pacific",
    "America/Manaus": "Brazil/West",
    "America/Mazatlan": "Mexico/BajaSur",
    "America/Mexico_City": "Mexico/General",
    "America/New_York": "US/Eastern",
    "America/Noronha": "Brazil/DeNoronha",
    "America/Nuuk": "America/Godthab",
    "America/Phoenix": "US/Arizona",
    "America/Regina": "Canada/Saskatchewan",
    "America/Rio_Branco": "America/Porto_Acre Brazil/Acre",
    "America/Santiago": "Chile/Continental",
    "America/Sao_Paulo": "Brazil/East",
    "America/St_Johns": "Canada/Newfoundland",
    "America/St_Thomas": "America/Virgin",
    "America/Tijuana": "America/Ensenada America/Santa_Isabel Mexico/BajaNorte",
    "America/Toronto": "America/Montreal America/Nipigon America/Thunder_Bay Canada/Eastern",
    "America/Vancouver": "Canada/Pacific",
    "America/Whitehorse": "Canada/Yukon",
    "America/Winnipeg": "America/Rainy_River Canada/Central",
    "Antarctica/McMurdo": "Antarctica/South_Pole",
    "Arctic/Longyearbyen": "Atlantic/Jan_Mayen",
    "Asia/Ashgabat": "Asia/Ashkhabad",
    "Asia/Dhaka": "Asia/Dacca",
    "Asia/Ho_Chi_Minh": "Asia/Saigon",
    "Asia/Hong_Kong": "Hongkong",
    "Asia/Jerusalem": "Asia/Tel_Aviv Israel",
    "Asia/Kathmandu": "Asia/Katmandu",
    "Asia/Kolkata": "Asia/Calcutta",
    "Asia/Macau": "Asia/Macao",
    "Asia/Makassar": "Asia/Ujung_Pandang",
    "Asia/Nicosia": "Europe/Nicosia",
    "Asia/Seoul": "ROK",
    "Asia/Shanghai": "Asia/Chongqing Asia/Chungking Asia/Harbin PRC",
    "Asia/Singapore": "Singapore",
    "Asia/Taipei": "ROC",
    "Asia/Tehran": "Iran",
    "Asia/Thimphu": "Asia/Thimbu",
    "Asia/Tokyo": "Japan",
    "Asia/Ulaanbaatar": "Asia/Choibalsan Asia/Ulan_Bator",
    "Asia/Urumqi": "Asia/Kashgar",
    "Asia/Yangon": "Asia/Rangoon",
    "Atlantic/Faroe": "Atlantic/Faeroe",
    "Atlantic/Reykjavik": "Iceland",
    "Australia/Adelaide": "Australia/South",
    "Australia/Brisbane": "Australia/Queensland",
    "Australia/Broken_Hill": "Australia/Yancowinna",
    "Australia/Darwin": "Australia/North",
    "Australia/Hobart": "Australia/Currie Australia/Tasmania",
    "Australia/Lord_Howe": "Australia/LHI",
    "Australia/Melbourne": "Australia/Victoria",
    "Australia/Perth": "Australia/West",
    "Australia/Sydney": "Australia/ACT Australia/Canberra Australia/NSW",
    "Europe/Chisinau": "Europe/Tiraspol",
    "Europe/Dublin": "Eire",
    "Europe/Istanbul": "Asia/Istanbul Turkey",
    "Europe/Kyiv": "Europe/Kiev Europe/Uzhgorod Europe/Zaporozhye",
    "Europe/Lisbon": "Portugal",
    "Europe/London": "Europe/Belfast GB GB-Eire",
    "Europe/Moscow": "W-SU",
    "Europe/Warsaw": "Poland",
    "Pacific/Auckland": "NZ",
    "Pacific/Chatham": "NZ-CHAT",
    "Pacific/Chuuk": "Pacific/Truk Pacific/Yap",
    "Pacific/Easter": "Chile/EasterIsland",
    "Pacific/Honolulu": "Pacific/Johnston US/Hawaii",
    "Pacific/Kanton": "Pacific/Enderbury",
    "Pacific/Kwajalein": "Kwajalein",
    "Pacific/Pago_Pago": "Pacific/Samoa US/Samoa",
    "Pacific/Pohnpei": "Pacific/Ponape",
    "UTC": "Etc/GMT Etc/GMT+0 Etc/GMT-0 Etc/GMT0 Etc/Greenwich Etc/UCT Etc/UTC Etc/Universal Etc/Zulu GMT GMT+0 GMT-0 "
    "GMT0 Greenwich UCT Universal Zulu utc",
}
OFFSET = re.compile(r"(?:UTC|GMT)?[+-]\d\d?(?::?\d\d)?", re.ASCII)
CURRENT = {older: name for name, names in OLDER.items() for older in names.split()}
for hours in range(-12, 15):  # Polars takes these offsets for zones, whose names have the other sign
    for minutes in ("00", ":00"):
        CURRENT[f"{hours:+03}{minutes}"] = f"Etc/GMT{-hours:+}" if hours else "UTC"
        CURRENT[f"-00{minutes}"] = "UTC"


def zone_name(zone: str) -> str:
    """The current name of a time zone: any other name as it is.

    >>> zone_name("Etc/UTC"), zone_name("Asia/Calcutta"), zone_name("Europe/Berlin")
    ('UTC', 'Asia/Kolkata', 'Europe/Berlin')
    >>> zone_name("+00:00"), zone_name("-0300"), zone_name("+05:30")
    ('UTC', 'Etc/GMT+3', '+05:30')
    """
    return CURRENT.get(zone, zone)


def unknown_zone(zone: str) -> str:
    """The error about what is no name of a time zone, with the name that was meant where that is clear.

    >>> unknown_zone("europe/berlin")
    "time_zone='europe/berlin' is not the name of a time zone; did you mean 'Europe/Berlin'?"
    """
    wrong = f"time_zone={zone!r} is not the name of a time zone"
    if OFFSET.fullmatch(zone):
        return f"{wrong}; offsets are in whole hours, as '+05:00'; name a place, such as 'Asia/Kolkata'"
    near = meant(zone, {name: zone_name(name) for name in sorted(zoneinfo.available_timezones())})
    return f"{wrong}, such as 'Europe/Berlin'" if near is None else f"{wrong}; did you mean {zone_name(near)!r}?"
