"""Named settings of revenue management and subscription billing; see `setting_table`."""

from __future__ import annotations

from netsuite_sandbox.setting import Setting

REVENUE_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "net_credit_memo_elements",
        True,
        (True, False),
        "U",
        "Inferred; the documentation shows only that a credit memo makes a negative element",
        "A credit memo or return authorization first takes off what its invoice or order has not "
        "yet recognized.",
    ),
    Setting(
        "revenue_arrangement_update_frequency",
        "manual",
        ("manual", "automatic"),
        "D",
        "Setting Advanced Revenue Management Preferences (section_4331941758); the default is not "
        "said",
        "Whether arrangements and elements are updated every three hours of the account's clock, "
        "or by the control alone.",
    ),
    Setting(
        "revenue_plan_update_frequency",
        "manual",
        ("manual", "automatic"),
        "D",
        "Setting Advanced Revenue Management Preferences (section_4331941758); the default is not "
        "said",
        "Whether revenue plans are updated every three hours of the account's clock, or by the "
        "control alone.",
    ),
    Setting(
        "revenue_journals_in_gl",
        "detail",
        ("detail", "summary"),
        "D",
        "General Accounting Preferences (section_N1385293), Create Revenue Recognition Journals in "
        "GL; the default is not said",
        "Two lines for each plan, or for all plans of the same accounts.",
    ),
    Setting(
        "unbilled_receivable_grouping",
        "element",
        ("element", "sub_arrangement", "arrangement"),
        "D",
        "Groupings for Unbilled Receivable Adjustment Journal Entries (section_4527937535)",
        "Whether contract assets are computed for each element, net for each Unbilled Receivable "
        "Group of an arrangement, or net for the arrangement. It can only be widened.",
    ),
    Setting(
        "exclude_contract_assets_from_fx",
        False,
        (True, False),
        "D",
        "Unbilled Receivable Adjustment (section_160590749111), Exclude Contract Assets from FX "
        "Reclassification",
        "Leave contract assets in foreign currency at their first rate instead of the period-end "
        "rate with a gain or loss.",
    ),
    Setting(
        "revenue_allocation",
        False,
        (True, False),
        "D",
        "Enabling the Advanced Revenue Management (Revenue Allocation) Feature "
        "(section_165101927337)",
        "Whether revenue is allocated by fair values; without it a revenue element's amount is its "
        "sales amount, and fair value records do not exist.",
    ),
    Setting(
        "sales_price_as_fair_value",
        False,
        (True, False),
        "D",
        "Setting Advanced Revenue Management (Revenue Allocation) Preferences "
        "(article_0627070629); the default is not said",
        "An item without a fair value price has its sales price as one; else allocation fails.",
    ),
    Setting(
        "fair_value_range_checking",
        True,
        (True, False),
        "D",
        "Setting Advanced Revenue Management (Revenue Allocation) Preferences (article_0627070629)",
        "Compare sales amounts with the range of a fair value price that has a policy.",
    ),
    Setting(
        "revenue_elements_for_revisions",
        False,
        (True, False),
        "D",
        "Prepaid Usage with Drawdown (section_0903123502), Create Revenue Elements for "
        "Subscription Revisions",
        "With it on, prepaid lines are refused; the revisions themselves are not emulated.",
    ),
    Setting(
        "usage_charge_date",
        "service_end",
        ("service_end", "last_usage"),
        "U",
        "The example dates usage with the month's end (section_0919041722)",
        "Date of a usage charge, and so the period of its revenue.",
    ),
    Setting(
        "usage_requires_plan",
        False,
        (True, False),
        "U",
        "Usage: REST asks for a subscription plan (section_158713807177), the form does not "
        "(section_1546981289), and a subscription needs none (section_1546981313)",
        "Refuse usage without a subscription plan.",
    ),
    Setting(
        "auto_rating",
        True,
        (True, False),
        "D",
        "Managing Rating Runs (section_1547759775)",
        "Saving a change order starts a rating run.",
    ),
)
