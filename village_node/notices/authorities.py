"""In whose name a document is issued, where it is collected, and where somebody can turn against a decision."""

from typing import Final, NamedTuple

from sync_protocol.case.catalogue import Item
from sync_protocol.places import PlaceTree

# Short name of the catalogue -> what the office is called after its county. Sample data, as the catalogue itself is: a
# department that is not here is called by its short name.
DEPARTMENTS: Final = {
    "乡镇政府": "人民政府",
    "交通": "交通运输局",
    "人社": "人力资源和社会保障局",
    "住建": "住房和城乡建设局",
    "公积金": "住房公积金管理部",
    "公安": "公安局",
    "农业": "农业农村局",
    "医保": "医疗保障局",
    "卫健": "卫生健康局",
    "司法": "司法局",
    "城管": "城市管理局",
    "市场监管": "市场监督管理局",
    "应急": "应急管理局",
    "建管": "城市建设管理局",
    "文旅": "文化和旅游局",
    "林业": "林业和草原局",
    "残联": "残疾人联合会",
    "民政": "民政局",
    "统计": "统计局",
    "规划": "自然资源局",
    "计生": "卫生健康局",
    "财政": "财政局",
}
RECONSIDER_DAYS: Final = 60  # 行政复议法(2023 年修订)第二十条
COURT_MONTHS: Final = 6  # 行政诉讼法(2017 年修正)第四十六条


class Remedies(NamedTuple):
    """Where and how long somebody can turn against a decision."""

    reconsider_at: str
    court: str
    reconsider_days: int = RECONSIDER_DAYS
    court_months: int = COURT_MONTHS


class Offices:
    """The names of the offices of one county."""

    def __init__(self, places: PlaceTree, reconsider_at: str = "", court: str = "") -> None:
        """``reconsider_at``, ``court``: as the settings name them; empty ones are those of the county's own name."""
        self._places = places
        self._reconsider_at = reconsider_at
        self._court = court

    def name(self, place: str) -> str:
        """The name of a place; one that is not in the roster keeps its code."""
        try:
            return self._places.name(place)
        except KeyError:
            return place

    def authority(self, place: str, item: Item) -> str:
        """The office that acts for the item at a place, by its full name."""
        path = self._path(place)
        level = self._level(place)
        if level == "county":
            return self.name(place) + DEPARTMENTS.get(item.department, item.department)
        village = next((each for each in path if self._level(each) == "village"), None)
        if village is not None:
            own = self.name(village)
            kind = "居民委员会" if own.endswith("社区") else "村民委员会"
            return self._above(village) + own + kind
        own = self.name(place)
        return self._above(place) + own + ("办事处" if own.endswith("街道") else "人民政府")

    def department(self, place: str, department: str) -> str:
        """A department of a place by its full name."""
        own = self.name(place)
        return own + DEPARTMENTS.get(department, department) if self._level(place) == "county" else own + department

    def hall(self, place: str) -> str:
        """The counter of a place, as people know it."""
        kind = {"county": "政务服务中心", "township": "便民服务中心", "village": "便民服务站"}
        own = self.name(place)
        level = self._level(place)
        return own + kind[level] if level in kind and not own.endswith(kind[level]) else own

    def remedies(self) -> Remedies | None:
        """Where to turn against a decision of any office here: the county's government (行政复议法第二十四条), and the
        court of the county (行政诉讼法第十四条、第十八条). None where neither the roster nor the settings tell."""
        county = self.name(self._places.root) if len(self._places) else ""
        reconsider_at = self._reconsider_at or (f"{county}人民政府" if county else "")
        court = self._court or (f"{county}人民法院" if county else "")
        return Remedies(reconsider_at, court) if reconsider_at and court else None

    def _above(self, place: str) -> str:
        return "".join(self.name(each) for each in reversed(self._path(place)[1:]))

    def _path(self, place: str) -> tuple[str, ...]:
        return self._places.path_up(place) if place in self._places else (place,)

    def _level(self, place: str) -> str:
        return self._places.level(place) if place in self._places else ""
