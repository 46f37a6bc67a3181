"""What the steps and fields of a set-up are called on its pages, in both languages."""

from typing import Final

# Step -> what it is called.
TITLES: Final = {
    "place": ("本单位", "This place"),
    "above": ("上级", "The place above"),
    "keys": ("密钥", "Keys"),
    "reach": ("访问", "Reaching it"),
    "account": ("账号", "Account"),
}
# Field -> what the list of faults calls it.
LABELS: Final = {
    "code": ("一次性设置码", "One-time code"),
    "place": ("单位代码", "Place code"),
    "name": ("单位名称", "Name"),
    "road": ("联系方式", "How it is reached"),
    "parent_url": ("上级地址", "Address of the place above"),
    "parent_wait_url": ("等消息地址", "Waiting address"),
    "protect": ("密钥保护", "How keys lie"),
    "passphrase": ("密钥口令", "Passphrase"),
    "passphrase_again": ("再输一次口令", "The passphrase again"),
    "way": ("谁来使用", "Who uses it"),
    "host": ("本机地址", "Address of this machine"),
    "port": ("端口", "Port"),
    "wait_port": ("下级等消息的端口", "Port for waiting children"),
    "public_url": ("大家使用的地址", "Address that people use"),
    "staff_no": ("工号", "Staff number"),
    "staff_name": ("姓名", "Name"),
    "roles": ("岗位", "Roles"),
    "hear_complaints": ("投诉受理", "Hearing complaints"),
    "second_factor": ("登录时还要手机验证码的岗位", "Roles that sign in with a code of their telephone besides"),
    "password": ("密码", "Password"),
    "password_again": ("再输一次密码", "The password again"),
    "answer": ("答复文件", "Answer file"),
}
