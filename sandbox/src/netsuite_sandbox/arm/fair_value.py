"""What the item of a revenue element is worth on its own: the fair value price list.

Sources: "Creating the Fair Value Price List" (section_4332797619): price records with dates, range
checking, VSOE; later changes do not touch existing elements, so an element keeps what it found;
"Adding Fair Value Formulas" (section_4332797176); "Setting Advanced Revenue Management (Revenue
Allocation) Preferences" (article_0627070629): the sales price as fair value counts as VSOE.
"""

from __future__ import annotations

import ast
import operator
import re
from decimal import Decimal, DivisionByZero, InvalidOperation
from typing import TYPE_CHECKING, Any

from netsuite_sandbox.errors import invalid_value, missing, user_error
from netsuite_sandbox.money import to_decimal, to_units
from netsuite_sandbox.records.fields import NUMBER_MAX

if TYPE_CHECKING:
    from collections.abc import Callable

    from netsuite_sandbox.company import Company, Master
    from netsuite_sandbox.records.fields import Values
    from netsuite_sandbox.store.database import Row

FIELDS = ("fairvalue", "quantity", "amount", "discountedamount", "exchangerate",
          "totalsellingamount", "totalrevenueamount")  # fmt: skip
POLICIES = ("boundary", "fairvalue", "high", "low")
SALES_PRICE: dict[str, Any] = {"isVsoePrice": True}
_OPERATORS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


def policy(value: Any) -> str:
    """Return a Fair Value Range Checking Policy as one of `POLICIES`, however it is spelled."""
    return re.sub(r"[^a-z]", "", str(value or "").lower())


def check_formula(_company: Company, values: Values, _me: Master | None) -> None:
    """Refuse a fair value formula that has no name, or that cannot be worked out."""
    absent = [name for name in ("name", "fairValueFormula") if not values.get(name)]
    if absent:
        raise missing(absent)
    try:
        evaluate(values["fairValueFormula"], dict.fromkeys(FIELDS, Decimal(1)))
    except (ValueError, ArithmeticError) as error:
        text = values["fairValueFormula"]
        raise user_error(f"The fair value formula {text} is not valid: {error}") from None


def check_price(_company: Company, values: Values, _me: Master | None) -> None:
    """Refuse a fair value price without what it must have.

    Sources: "Fair Value Price" (article_9093327188): currency, fairValue and fairValueFormula are
    required; section_4332797619: an end date needs an earlier start date, a policy its percents.
    """
    wanted = ["currency", "fairValue", "fairValueFormula"]
    if values.get("endDate"):
        wanted.append("startDate")
    if values.get("fairValueRangePolicy"):
        if policy(values["fairValueRangePolicy"]) not in POLICIES:
            raise invalid_value(values["fairValueRangePolicy"], "fairValueRangePolicy",
                                "fairValueRangePolicy")  # fmt: skip
        wanted += ["lowValuePercent", "highValuePercent"]
    absent = [name for name in wanted if values.get(name) is None]
    if absent:
        raise missing(absent)
    if values.get("item") is None:
        raise user_error("Item revenue categories are not in the sandbox: name an item.")
    if values.get("endDate") and values["endDate"] <= values["startDate"]:
        raise user_error("The End Date must be later than the Start Date.")
    for end in ("low", "high"):
        percent = values.get(f"{end}ValuePercent")
        if percent is not None:
            values[f"{end}Value"] = values["fairValue"] * percent / 100


def found(company: Company, element: Row, day: str) -> dict[str, Any] | None:
    """Return what the price list says of an element's item on the arrangement's day.

    Of several prices one in the element's currency goes first, then the latest start date (unsure).

    Returns:
        A copy of the price with its formula as text; `SALES_PRICE` if the sales price stands in;
        None if there is no fair value.
    """
    prices = [
        price for price in company.masters("fairValuePrice")
        if price.body["item"] == element["item"]
        and str(price.body.get("startDate") or "") <= day <= str(price.body.get("endDate") or "~")
    ]  # fmt: skip
    if not prices:
        return SALES_PRICE if company.settings["sales_price_as_fair_value"] else None
    price = max(prices, key=lambda one: (one.body["currency"] == element["currency"],
                                         str(one.body.get("startDate") or ""), one.id))  # fmt: skip
    formula = company.must("fairValueFormula", price.body["fairValueFormula"]).body
    kept = {name: value for name, value in price.body.items() if name != "item"}
    return {**kept, "formula": formula["fairValueFormula"]}


def calculated(company: Company, element: Row, price: dict[str, Any], total: int) -> int:
    """Return the Calculated Fair Value Amount, units of transaction currency.

    Args:
        price: What `found` returned.
        total: Discounted sales amount of the arrangement.

    Raises:
        ArithmeticError: The formula divides by zero.
    """
    precision = company.precision(element["currency"])
    if "calculated" in price:  # By a field map, with Fair Value Override.
        return to_units(Decimal(price["calculated"]), precision)
    if "formula" not in price:
        units: int = element["amount"]
        return units

    def worth(base: Any) -> int:
        """The formula's result for a base fair value, which the price has in its own currency."""
        values = {
            "fairvalue": _exchanged(company, element, price, Decimal(base)),
            "quantity": Decimal(element["quantity"] or 0),
            "amount": to_decimal(element["amount"]),
            "discountedamount": to_decimal(element["amount"]),
            "exchangerate": Decimal(element["exchangerate"]),
            "totalsellingamount": to_decimal(total), "totalrevenueamount": to_decimal(total),
        }  # fmt: skip
        return to_units(evaluate(price["formula"], values), precision)

    plain, chosen = worth(price["fairValue"]), policy(price.get("fairValueRangePolicy"))
    if not chosen or element["amount"] < 0 or not company.settings["fair_value_range_checking"]:
        return plain
    # The range is one of the base fair value; that the formula applies to it is unsure.
    low, high = worth(price["lowValue"]), worth(price["highValue"])
    sold: int = element["amount"]
    if low <= sold <= high:
        return sold
    nearest = low if sold < low else high
    return {"boundary": nearest, "fairvalue": plain, "high": high, "low": low}[chosen]


def _exchanged(company: Company, element: Row, price: dict[str, Any], value: Decimal) -> Decimal:
    """Source: the fair value for other currencies is derived with the transaction's rate."""
    if price["currency"] == element["currency"]:
        return value
    base = company.base_currency(element["subsidiary"])
    rate = Decimal(1) if price["currency"] == base else company.rate(price["currency"], base=base)
    return value * rate / Decimal(element["exchangerate"])


def evaluate(formula: str, values: dict[str, Decimal]) -> Decimal:
    """Work out a formula of numbers, {fields} and + - * /.

    Raises:
        ValueError: It has something else.
        ArithmeticError: It divides by zero, or its result is too large for an amount.
    """

    def name(match: re.Match[str]) -> str:
        if match[1].lower() not in values:
            known = ", ".join(f"{{{one}}}" for one in values)
            raise ValueError(f"{match[0]} is not one of {known}.")
        return match[1].lower()

    try:
        tree = ast.parse(re.sub(r"\{(\w+)\}", name, formula).strip(), mode="eval")
        result = _value(tree.body, values)
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError("it is not an arithmetic expression, or too long.") from None
    except (DivisionByZero, InvalidOperation):
        raise ArithmeticError("it divides by zero.") from None
    if not abs(result) < NUMBER_MAX:
        raise ArithmeticError("its result is too large for an amount.")
    return result


def _value(node: ast.expr, values: dict[str, Decimal]) -> Decimal:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, values)
    if isinstance(node, ast.Constant) and type(node.value) in {int, float}:
        return Decimal(str(node.value))
    if isinstance(node, ast.Name) and node.id in values:
        return values[node.id]
    raise ValueError(f"{ast.unparse(node)} is not in the sandbox: numbers, fields and + - * / are.")
