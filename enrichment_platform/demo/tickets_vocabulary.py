"""The words that fill the slots of a phrase: products, places, people, durations and error codes."""

PRODUCTS: dict[str, tuple[str, ...]] = {
    "blender": ("blender", "juicer", "food processor", "stand mixer", "hand mixer"),
    "kettle": ("coffee maker", "espresso machine", "electric kettle", "slow cooker", "rice cooker"),
    "cooker": ("rice cooker", "slow cooker", "air fryer", "sandwich maker"),
    "screen": ("tablet", "e-reader", "smartwatch", "fitness tracker", "portable monitor"),
    "camera": ("security camera", "video doorbell", "dash cam", "action camera"),
    "furniture": (
        *("bookshelf", "office chair", "coffee table", "bed frame", "standing desk", "TV stand"),
        *("shoe cabinet", "bar stool", "sideboard", "nightstand"),
    ),
    "soft": (
        *("winter coat", "rain jacket", "fleece vest", "hoodie", "duvet cover", "sleeping bag"),
        *("ski jacket", "cushion cover", "running jacket", "cardigan"),
    ),
    "set": ("dinner plate set", "mug set", "set of wine glasses", "set of bowls"),
    "fragile": (
        *("vase", "table lamp", "wall mirror", "set of wine glasses", "ceramic teapot", "picture frame"),
        *("glass carafe", "dinner plate set", "mug set", "cake stand"),
    ),
}
PRODUCTS["appliance"] = (*PRODUCTS["blender"], *PRODUCTS["kettle"], "air fryer", "toaster")
PRODUCTS["gadget"] = (*PRODUCTS["screen"], *PRODUCTS["camera"], "bluetooth speaker", "smart thermostat")
PRODUCTS["product"] = tuple(
    name for group in ("appliance", "gadget", "furniture", "soft", "fragile") for name in PRODUCTS[group]
)
PRODUCT_PREFIXES = ("Halden", "Orvo", "Tessel", "Marlow", "Kirrin", "black", "white", "blue", "grey", "large")

SLOTS: dict[str, tuple[str, ...]] = {
    "carrier": ("UPS", "FedEx", "USPS", "DHL", "OnTrac", "Purolator"),
    "city": (
        *("Denver", "Columbus", "Tampa", "Portland", "Leeds", "Toronto", "Austin", "Boise", "Memphis"),
        *("Cork", "Albany", "Fresno", "Omaha", "Halifax", "Tucson", "Bristol"),
    ),
    "browser": ("Chrome", "Firefox", "Safari", "Edge", "Brave"),
    "phone": ("iPhone", "iPhone 13", "Pixel", "Samsung", "Android phone", "old iPad"),
    "errcode": ("500", "502", "403", "404", "E-17", "503", "E-204"),
    "version": ("5.2", "5.2.1", "6.0", "4.19", "6.1"),
    "code": ("WELCOME10", "SAVE15", "NORTH20", "SPRING5", "FRIENDS10"),
    "days": (
        *("three days", "four days", "a week", "over a week", "5 business days", "ten days", "two weeks"),
        *("12 days", "8 days", "almost three weeks"),
    ),
    "ago": ("two days ago", "last week", "a week ago", "three days ago", "10 days ago", "on the weekend"),
    "minutes": ("five minutes", "ten minutes", "half an hour", "20 min", "an hour", "two minutes"),
    "n": ("two", "three", "four", "2", "3", "4", "5", "six"),
    "digit": ("2", "4", "6", "7", "9"),
    "inches": ("24", "28", "32", "36", "47", "60"),
    "last4": ("4021", "1187", "9930", "5526", "7742"),
}

FIRST_NAMES = (
    *("Dana", "Marcus", "Priya", "Tom", "Ellen", "Yusuf", "Grace", "Owen", "Lena", "Carlos", "Mei", "Ruth"),
    *("Ben", "Amina", "Kate", "Victor", "Sandra", "Ivan", "Nora", "Pete", "Joan", "Sam", "Hannah", "Raj"),
    *("Olivia", "Walter", "Tess", "Derek", "Fatima", "Luke", "Megan", "Stan"),
)
LAST_NAMES = (
    *("Miller", "Okafor", "Novak", "Brandt", "Hughes", "Patel", "Ortega", "Lindqvist", "Chen", "Doyle"),
    *("Fraser", "Kowalski", "Banks", "Moreau", "Haddad", "Singh", "Walsh", "Tanaka", "Reed", "Castillo"),
)
ACCENTED_NAMES = (
    *("José Núñez", "Zoë Krüger", "François Lefèvre", "Jürgen Weiß", "Søren Kjær", "Renée Dubois"),
    *("Chloé Gagné", "Björn Åkesson", "Łukasz Zieliński", "Siobhán Ní Bhriain"),
)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
