"""What the page of a link says, in both languages. What was understood of an answer is said in ``understood``."""

from collections.abc import Mapping
from types import MappingProxyType

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "call_first": {
            "zh": "如有危险，请先拨打 110（警情）、119（火警）、120（急救）。",
            "en": "In danger, call 110 (police), 119 (fire) or 120 (ambulance) first.",
        },
        "watermark": {
            "zh": "【演练】本页为演练，所述并非真实。",
            "en": "EXERCISE. This page is part of a drill; nothing on it is real.",
        },
        "ask": {"zh": "请答复：{kind}", "en": "Please answer: {kind}"},
        "accept": {"zh": "确认，由我负责", "en": "I take responsibility"},
        "accept_hint": {
            "zh": "确认即表示由您负责，请随后按规定报告。",
            "en": "You are in charge from then on, and report as the rules say.",
        },
        "confirm": {"zh": "确认收到", "en": "It reached me"},
        "confirm_hint": {
            "zh": "只表示消息能送达您；没有发生任何事件。",
            "en": "It only shows that messages reach you; nothing has happened.",
        },
        "decline": {"zh": "我无法处理", "en": "I cannot take it"},
        "decline_hint": {"zh": "将立即通知替补人员。", "en": "The stand-in is told at once."},
        "zero": {"zh": "报零：今日无事", "en": "Zero: nothing happened"},
        "zero_hint": {"zh": "可在截止前更正。", "en": "It may be corrected until the cut-off."},
        "with_cases": {"zh": "今日有事", "en": "Something happened"},
        "with_cases_hint": {"zh": "请另行报告每一起事件。", "en": "Report each case besides."},
        "press": {
            "zh": "没有收到您的选择，未作记录。请按下面的一个按钮。",
            "en": "No choice arrived, nothing was recorded. Press one of the buttons below.",
        },
        "recorded": {"zh": "已记录您的答复", "en": "Your answer is recorded"},
        "nothing": {"zh": "无需答复", "en": "No answer is needed"},
        "used": {"zh": "您已答复", "en": "You have answered"},
        "used_at": {
            "zh": "您已于{at}用此链接答复，不能再用一次。",
            "en": "You answered by this link at {at}. It cannot be used again.",
        },
        "said_accepted": {
            "zh": "您已于{at}确认由您负责：{case}。",
            "en": "You took responsibility at {at}: {case}.",
        },
        "said_declined": {
            "zh": "您已于{at}答复无法处理：{case}。",
            "en": "You said at {at} that you cannot take it: {case}.",
        },
        "after_accepting": {
            "zh": "如又无法处理，请立即致电值班员。",
            "en": "If you cannot take it after all, telephone the duty officer at once.",
        },
        "after_declining": {
            "zh": "如又能处理，请输入消息中的确认码，或致电值班员。",
            "en": "If you can take it after all, enter the code of your message, or telephone the duty officer.",
        },
        "expired": {"zh": "链接已过期", "en": "This link has expired"},
        "expired_then": {
            "zh": "未作任何记录。请用最新消息中的链接，或输入消息中的确认码；紧急时请致电值班员。",
            "en": "Nothing was recorded. Use the link of the newest message, or enter the code of your message; if it "
            "is urgent, telephone the duty officer.",
        },
        "wrong": {"zh": "链接无效", "en": "This link is not known"},
        "wrong_then": {
            "zh": "未作任何记录。链接可能不完整：请从消息中重新打开，或输入消息中的确认码；紧急时请致电值班员。",
            "en": "Nothing was recorded. It may have been cut short: open it from the message again, or enter the code "
            "of your message; if it is urgent, telephone the duty officer.",
        },
        "limited": {"zh": "尝试次数太多", "en": "Too many wrong links"},
        "limited_then": {
            "zh": "请一分钟后再试。紧急时请致电值班员。",
            "en": "Try again in a minute. If it is urgent, telephone the duty officer.",
        },
        "trouble": {"zh": "暂时无法记录", "en": "It cannot be recorded just now"},
        "trouble_then": {
            "zh": "不能确定您的答复已被记录。紧急时请立即致电值班员，并在几秒后重试；重复的答复只算一次。",
            "en": "It is not certain that your answer was recorded. If it is urgent, telephone the duty officer now, "
            "then try again in a few seconds: the same answer counts once.",
        },
    }
)

LABELS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "kind": {"zh": "类型", "en": "Kind"},
        "receipt": {"zh": "回执号", "en": "Receipt"},
        "severity": {"zh": "级别", "en": "Severity"},
        "school": {"zh": "学校", "en": "School"},
        "place": {"zh": "地点", "en": "Place"},
        "started": {"zh": "接报时间", "en": "Received"},
        "deadline": {"zh": "答复时限", "en": "Answer by"},
    }
)
SEVERITIES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": {"I": "特别重大", "II": "重大", "III": "较大", "IV": "一般"},
        "en": {"I": "grade I", "II": "grade II", "III": "grade III", "IV": "grade IV"},
    }
)
"""The national grades, as the emails name them."""
