"""Phone numbers in E.164 (https://www.itu.int/rec/T-REC-E.164), such as `+442071838750`: what ad networks match them by."""


def e164(text: str, region: str | None) -> str | None:
    """A phone number as people write it, in E.164; None for what can be none.

    `region` is the country (ISO 3166) whose number it is if it comes without a country code; without one such a number is none.
    """
    import phonenumbers  # imported here: 20 ms that only numbers to be sent need

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
