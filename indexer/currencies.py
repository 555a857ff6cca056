"""The currencies of ISO 4217: codes, decimals and the symbols that shops write."""

from __future__ import annotations

from types import MappingProxyType

_DECIMALS_2 = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD
MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON
RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD
TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_DECIMALS_0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_DECIMALS_3 = "BHD IQD JOD KWD LYD OMR TND"

DECIMALS = MappingProxyType(
    dict.fromkeys(_DECIMALS_2.split(), 2)
    | dict.fromkeys(_DECIMALS_0.split(), 0)
    | dict.fromkeys(_DECIMALS_3.split(), 3)
)
"""How many decimals the smallest unit of each currency has, by upper-case code."""

_DOLLARS = (
    "USD AUD BBD BMD BND BSD BZD CAD FJD GYD HKD JMD KYD LRD NAD NZD SBD SGD SRD TTD TWD XCD "
    "ARS CLP COP MXN UYU"
)

SYMBOLS = MappingProxyType(
    {
        symbol: frozenset(codes.split())
        for symbol, codes in {
            "$": _DOLLARS,
            "US$": "USD",
            "A$": "AUD",
            "C$": "CAD",
            "CA$": "CAD",
            "NZ$": "NZD",
            "HK$": "HKD",
            "S$": "SGD",
            "R$": "BRL",
            "€": "EUR",
            "£": "GBP EGP FKP GIP LBP SDG SHP SSP SYP",
            "¥": "JPY CNY",
            "₹": "INR",
            "₽": "RUB",
            "₩": "KRW KPW",
            "₺": "TRY",
            "₴": "UAH",
            "₪": "ILS",
            "₫": "VND",
            "฿": "THB",
            "₱": "PHP",
            "₦": "NGN",
            "KR": "SEK NOK DKK ISK",
            "ZŁ": "PLN",
            "KČ": "CZK",
            "FT": "HUF",
            "LEI": "RON MDL",
            "FR": "CHF",
            "SFR": "CHF",
            "RM": "MYR",
            "RP": "IDR",
            "RS": "INR PKR LKR NPR MUR SCR",
        }.items()
    }
)
"""The currencies that an upper-cased symbol, without a closing dot, may stand for."""
