"""The classifier, as sentences about tools. Figures over many tools are in test_figures.py."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from yett.catalog.classify import classify, classify_tools
from yett.catalog.model import Place, RiskClass, Severity, ToolDefinition, Verdict
from yett.policy.json_value import JsonValue

R, W, E, D, F = RiskClass


def schema(**properties: Any) -> JsonValue:
    """An input schema: `text="string"`, or a list of choices."""
    shapes: dict[str, Any] = {}
    for name, kind in properties.items():
        shapes[name] = {"enum": kind} if isinstance(kind, list) else {"type": kind}
    return {"type": "object", "properties": shapes}


def verdict(name: str, description: str = "", input_schema: JsonValue = None, **annotations: bool) -> Verdict:
    return classify(ToolDefinition(name, "", description, input_schema, annotations))


NAMES = {
    R: """
    get_weather list_deleted_items get_payment payment_status check_balance list_payments preview_invoice
    calculate_refund trade_history get_transaction estimate_gas describe_table read_query search_code translate_text
    validate_json compare_files isAvailable get_refund_policy preview_delete run_report export_data kubectl_get
    speech_to_text take_screenshot
    """,
    W: """
    create_issue update_payment_method send_email mark_email_read archive_email approve_allowance transfer_ownership
    move_file close_issue post_message turn_off_light unlock_door create_invoice_template send_invoice_reminder
    clear_cache git_commit create_or_update_file get_or_create_user unresolve_thread text_user subscribe_newsletter
    """,
    E: """
    exec run_command run_query run_sql http_request sync apply execute_python browser_click merge_pull_request
    trigger_build deploy_app restart_server stop_instance play_song scan_network generate_image text_to_speech call_tool
    kubectl_apply evaluate_javascript write_query install_package start_build
    """,
    D: """
    delete_file deleteMany DELETE_USER users.delete purge_queue revoke_api_key wipe_device trash_email
    cancel_subscription cancel_order reset_password uninstall_app terminate_instance drop_table ban_user burn_nft
    clear_cart force_push create_or_delete_branch confirm_delete_user close_account
    """,
    F: """
    transfer_money refund_order pay_invoice create_charge place_order buy_stock book_flight swap_tokens stake withdraw
    donate top_up checkout send_payment create_payment_link add_credit_card issue_refund execute_trade lookupAndCharge
    create_invoice redeem_points approve_payment
    """,
}


@pytest.mark.parametrize(("name", "risk"), [(name, risk) for risk, names in NAMES.items() for name in names.split()])
def test_a_name_alone_tells_the_class(name: str, risk: RiskClass) -> None:
    assert verdict(name).risk is risk


CHINESE = {
    R: [
        "获取用户列表",
        "退款查询",
        "下载账单",
        "语音转文字",
        "生成周报",
        "查询微信支付订单",
        "根据支付单号查询订单状态",
        "获取已删除的文件",
        "搜索网页并返回结果",
        "退款状态查询",
    ],
    W: ["发送邮件给客户", "创建日程", "更新商品价格", "群发短信", "审批通过任务"],
    E: ["执行 SQL 语句", "在服务器上运行脚本", "重启云服务器", "生成一张图片", "点击页面上的按钮"],
    D: [
        "删除文件",
        "清空购物车",
        "批量移动、复制或删除文件",
        "取消外卖订单",
        "把文件移动到回收站",
        "管理用户，支持查询、新增、修改、删除",
        "对任务进行增删改查",
        "撤回一条消息",
    ],
    F: ["支付订单", "转账给其他用户", "为订单申请退款", "购买火车票", "创建支付宝订单，返回支付链接", "给好友发红包"],
}


@pytest.mark.parametrize(("text", "risk"), [(text, risk) for risk, texts in CHINESE.items() for text in texts])
def test_a_chinese_description_tells_the_class_where_the_name_says_nothing(text: str, risk: RiskClass) -> None:
    assert verdict("gongju", text).risk is risk


def test_a_name_that_is_a_noun_for_a_deed_is_no_reading() -> None:
    assert verdict("file_deletion").risk is D
    assert verdict("voucher_redemption", "Redemption of vouchers").risk is F
    assert verdict("x", "Cancellation of a booking").risk is D
    assert verdict("payments", "List payments").risk is R


def test_a_subscription_of_events_costs_nothing() -> None:
    assert verdict("create_subscription", "Create a subscription on a topic.").risk is W
    assert verdict("create_subscription", "Subscribe a customer to a plan.").risk is F


def test_words_of_other_languages_are_known() -> None:
    assert verdict("supprimer_vehicule", "Supprime un véhicule.").risk is D
    assert verdict("auftrag_loeschen", "Löscht einen Auftrag.").risk is D
    assert verdict("x", "Удаляет файл").risk is D
    assert verdict("x", "ファイルを削除します").risk is D


@pytest.mark.parametrize(
    "assurance",
    [
        "This tool is read-only and safe.",
        "Safe: reads data only.",
        "Read-only. No side effects.",
        "只读，安全。",
        "Lists things.",
    ],
)
@pytest.mark.parametrize(("name", "risk"), [("delete_all", D), ("pay_invoice", F), ("run_command", E), ("update_user", W)])
def test_no_assurance_of_the_description_lowers_a_class(name: str, risk: RiskClass, assurance: str) -> None:
    assert verdict(name, assurance).risk is risk
    assert verdict(name, assurance, readOnlyHint=True, destructiveHint=False).risk is risk


def test_a_description_raises_what_a_harmless_name_says() -> None:
    assert verdict("get_status", "Deletes all files of the user.").risk is D
    assert verdict("list_items", "List items. This will permanently delete them.").risk is D
    assert verdict("get_quote", "Transfers money to the given account.").risk is F


def test_what_a_description_denies_does_not_raise() -> None:
    assert verdict("list_items", "List items without deleting them.").risk is R
    assert verdict("list_items", "List items. Use delete_item to delete one.").risk is R
    assert verdict("get_id", "Get the id that you need to delete a page.").risk is R


def test_a_choice_of_operations_counts_with_its_worst() -> None:
    assert verdict("manage_issue", "", schema(action=["list", "create", "delete"])).risk is D
    assert verdict("issue", "Work with issues.", schema(operation=["get", "update"])).risk is W
    assert verdict("wallet", "", schema(method=["get_balance", "send_payment"])).risk is F
    told = verdict("list_things", "", schema(action=["list", "delete_everything"]))
    assert told.risk is D
    assert told.evidence[0].place is Place.SCHEMA
    assert "delete_everything" in told.rationale


def test_the_method_of_an_http_request_is_no_choice_of_operations() -> None:
    assert verdict("fetch", "Make a request", schema(url="string", method=["GET", "POST", "DELETE"])).risk is E


def test_raw_sql_and_shells_stay_execute_though_they_can_delete() -> None:
    assert verdict("run_sql", "Run any SQL. Can delete rows and drop tables.", schema(sql="string")).risk is E
    assert verdict("bash", "Runs a shell command; it can remove files.", schema(command="string")).risk is E


def test_a_query_tool_that_takes_sql_runs_it() -> None:
    assert verdict("query", "Ask the database", schema(sql="string")).risk is E
    assert verdict("query_metrics", "Metrics of a service", schema(service="string")).risk is R


def test_an_amount_for_someone_makes_a_vague_name_financial() -> None:
    assert verdict("send", "Send to a friend", schema(amount="number", recipient="string")).risk is F
    assert verdict("send", "Send a note", schema(text="string", recipient="string")).risk is W


def test_hints_raise_and_never_lower() -> None:
    assert verdict("get_thing", "Get a thing.", readOnlyHint=False).risk is W
    assert verdict("get_thing", "Get a thing.", readOnlyHint=False, destructiveHint=True).risk is D
    assert verdict("delete_thing", "Delete a thing.", readOnlyHint=True).risk is D
    assert "hint_contradiction" in verdict("delete_thing", "Delete a thing.", readOnlyHint=True).codes
    assert verdict("update_thing", "Update a thing.", destructiveHint=True).risk is W  # not additive, which an update never is


def test_siblings_tell_what_a_common_verb_means() -> None:
    browser = [ToolDefinition(name, server="pages") for name in ("navigate", "click", "open_tab", "upload_file")]
    assert [each.risk for each in classify_tools(browser)] == [E, E, E, E]
    files = [ToolDefinition(name, server="files") for name in ("upload_file", "list_files", "move_file")]
    assert [each.risk for each in classify_tools(files)] == [W, R, W]
    wallet = [ToolDefinition(name, server="w") for name in ("send", "get_wallet", "swap", "request_payout")]
    assert classify_tools(wallet)[0].risk is F


def test_a_prefix_that_all_names_share_is_no_verb_of_theirs() -> None:
    tools = [ToolDefinition(f"run_keeper_{name}", server="run-keeper") for name in ("get_laps", "list_shoes", "delete_lap")]
    assert [each.risk for each in classify_tools(tools)] == [R, R, D]


def test_an_unknown_name_without_a_description_is_not_called_read_and_says_so() -> None:
    told = verdict("frobnicate")
    assert told.risk is not R
    assert told.unsure
    assert "unsure" in told.rationale


def test_confidence_falls_with_what_is_missing() -> None:
    both, name_only, nothing = verdict("delete_file", "Deletes a file."), verdict("delete_file"), verdict("zorp")
    assert both.confidence > name_only.confidence > nothing.confidence
    assert "rests on the name" in name_only.rationale


def test_the_rationale_quotes_the_evidence() -> None:
    told = verdict("cleanup", "Permanently removes every stale branch.")
    assert told.risk is D
    assert "“Permanently removes every stale branch.”" in told.rationale


def test_the_verdict_is_the_same_each_time() -> None:
    tool = ToolDefinition("sync_all", "Sync", "Synchronises, deletes or pays. " * 5, schema(action=["a", "delete"]), {}, "s")
    assert classify(tool) == classify(tool)


@pytest.mark.parametrize(
    "strange",
    [
        [],
        "text",
        7,
        {"properties": []},
        {"properties": {"a": 1, "b": None, "": {"type": ["string", 3]}, "c": {"enum": 5, "anyOf": "x"}}, "required": {"a": 1}},
        {"properties": {"action": {"enum": [1, None, {"delete": 1}], "description": ["x"]}}},
        {"$ref": "#", "properties": {"self": {"$ref": "#/properties/self"}}},
    ],
)
def test_strange_schemas_are_judged_as_they_are(strange: JsonValue) -> None:
    assert verdict("delete_it", "Deletes it.", strange).risk is D


def test_huge_and_deep_definitions_are_judged_within_bounds() -> None:
    deep: JsonValue = {}
    for _ in range(150):
        deep = {"type": "object", "properties": {"x": deep}}
    wide: JsonValue = {"properties": {f"argument_{index}": {"type": "string", "enum": ["a"] * 500} for index in range(3_000)}}
    text = "Gets a thing. " * 80_000
    assert verdict("get_it", text, deep).risk is R
    assert verdict("get_it", text, wide).risk is R
    assert verdict("delete" + "_x" * 500_000, text).risk is D


def test_names_with_control_characters_and_marks_are_judged_and_shown_inert() -> None:
    told = verdict("delete\u200b_file\x1b[2J", "x")
    assert told.risk is D
    assert "\x1b" not in json.dumps(told.rationale, ensure_ascii=False)
    assert "hidden_text" in told.codes


@pytest.mark.parametrize(
    "name", ["del\u200bete_file", "d\u0435lete_file", "\u0440urge_queue", "del\u00adete_it", "drop\u2063_table"]
)
def test_a_disguised_name_is_read_as_it_looks(name: str) -> None:
    told = verdict(name, "Lists things.")
    assert told.risk is D
    assert {"hidden_text", "lookalike_name"} & set(told.codes)


def test_hidden_characters_hide_no_verb_of_a_description() -> None:
    assert verdict("get_it", "De\u200bletes all files.").risk is D


def test_full_width_letters_are_read_as_what_they_look_like() -> None:
    assert verdict("ｄｅｌｅｔｅ＿file").risk is D


def test_redbooks_image_tool_is_execute_and_high() -> None:
    told = verdict(
        "generate_images", "Paint a project's pages: the cover first, the others in its style.", schema(projectId="string")
    )
    assert (told.risk, told.severity) == (E, Severity.HIGH)


@pytest.mark.parametrize(
    "hostile",
    [
        "<" + " " * 60_000,
        "\n \n" * 20_000,
        "a-" * 30_000,
        "(e.g. " * 10_000,
        "operations a b c " * 4_000,
        "删除、" * 20_000,
        "- `" * 20_000,
    ],
)
def test_texts_made_to_be_slow_are_read_in_bounded_time(hostile: str) -> None:
    began = time.perf_counter()
    verdict("x", hostile, {"properties": {"action": {"description": hostile}}})
    assert time.perf_counter() - began < 3
