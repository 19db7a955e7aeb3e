"""What a reply by SMS means: forgiving about keyboards, and never an answer where it is none."""

import pytest

from services.intake.twilio.reading import STOP_WORDS, Reply, read_reply

CODE = "K7Q2MX"


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        "k7q2mx",
        " K7Q2MX。",
        "Ｋ７Ｑ２ＭＸ",
        "确认 K7Q2MX",
        "K7Q2MX 收到",
        "收到，确认码K7Q2MX！",
        "1 K7Q2MX",
        "ack K7Q2MX",
        "code K7Q2MX, thanks",
    ],
)
def test_code_accepts_whatever_stands_around_it(text: str) -> None:
    """Case, width, punctuation and the words of courtesy do not matter."""
    reply = read_reply(text)
    assert reply.meaning == "accept"
    assert CODE in reply.codes


@pytest.mark.parametrize("text", ["K7Q 2MX", "K 7 Q 2 M X", "k7-q2-mx", "K7 Q2\nMX"])
def test_code_in_pieces_is_read_as_one(text: str) -> None:
    """The gaps are the keyboard's, even where a piece looks like a word of its own."""
    assert read_reply(text).whole == CODE


@pytest.mark.parametrize("text", ["1", " 1 ", "１", "收到", "收到。", "收到，收到", "已收到", "确认", "ACK"])
def test_one_and_received_accept_without_a_code(text: str) -> None:
    """Enough where only one case waits."""
    assert read_reply(text) == Reply("accept")


@pytest.mark.parametrize(
    "text", ["2", "２", "来不了", "我今天来不了！", "收到，但来不了", "2 来不了", "cannot", "can't"]
)
def test_two_and_cannot_decline_without_a_code(text: str) -> None:
    """ "Cannot take it" is an answer, too."""
    assert read_reply(text).meaning == "decline"
    assert read_reply(text).codes == ()


@pytest.mark.parametrize("text", ["K7Q2MX 2", "2 K7Q2MX", "来不了 K7Q2MX", "K7Q2MX我现在来不了", "无法处理K7Q2MX"])
def test_code_with_cannot_declines_that_case(text: str) -> None:
    """Which case, and that it must go to somebody else."""
    reply = read_reply(text)
    assert reply.meaning == "decline"
    assert CODE in reply.codes


@pytest.mark.parametrize("word", sorted(STOP_WORDS))
@pytest.mark.parametrize("style", [str.upper, str.lower, str.title, " {} ".format, "{}.".format])
def test_opt_out_word_is_never_an_answer(word: str, style: object) -> None:
    """Each of the domain's words, in any case, alone in its message."""
    assert callable(style)
    assert read_reply(style(word)) == Reply("stop")


@pytest.mark.parametrize("text", ["stop all", "Opt-out", "opt out"])
def test_opt_out_written_in_two_is_one(text: str) -> None:
    """A space does not make it an answer."""
    assert read_reply(text) == Reply("stop")


def test_twilios_own_reading_of_an_opt_out_counts() -> None:
    """Advanced Opt-Out knows words of its own."""
    assert read_reply("basta", "STOP") == Reply("stop")
    assert read_reply("vuelta", "START") == Reply("start")


def test_opt_out_word_inside_a_sentence_is_none() -> None:
    """Only the whole message opts out, as at Twilio."""
    assert read_reply("please stop the fire").meaning != "stop"


@pytest.mark.parametrize("text", ["START", "unstop"])
def test_start_ends_the_opt_out(text: str) -> None:
    """Not an answer either."""
    assert read_reply(text) == Reply("start")


@pytest.mark.parametrize("text", ["", "?", "好的", "没收到", "收到 快递", "不确认", "1 2", "在路上", "12", "\x00"])
def test_text_that_nobody_can_be_sure_of_is_unclear(text: str) -> None:
    """Responsibility is never guessed."""
    assert read_reply(text) == Reply("unclear")


@pytest.mark.parametrize("text", ["K7Q2MX 我不在学校", "没有收到K7Q2MX", "not me K7Q2MX", "1 K7Q2MX 2"])
def test_code_beside_a_no_accepts_nothing(text: str) -> None:
    """Whoever says that they are not there has not taken responsibility by quoting the code."""
    assert read_reply(text).meaning == "unclear"


def test_list_of_guesses_is_no_list() -> None:
    """One message is one guess, whatever its length; its whole is a code only when it is as long as one."""
    reply = read_reply(" ".join(f"A{number:05}" for number in range(100_000)))
    assert len(reply.codes) == 4
    assert reply.whole is None
