"""Situations of the category `technical_issue`: the website, the app or a device's software misbehaves."""

SITUATIONS = """
the app {crashes|closes} {every time|as soon as} I open it
Your app crashes on my <phone> when I {tap the cart|open a product page|scroll down}
app keeps crashing

The checkout page {freezes|hangs|spins forever} {|in <browser> }when I press continue
I press "place order" and nothing happens, no error, nothing
checkout button does nothing in <browser>

I get error <errcode> on {every page|the cart page|your website}
"something went wrong, error <errcode>" since <date>
error code <errcode> whenever I open the page of the <product>

the website {won't|doesn't} load {|at all }on my <phone>
your page is a white screen in <browser>
technical issue with your site: it is unbearably slow {today|since <date>}, every click takes a minute

the <gadget> won't {pair|connect} with {my phone|the app}
Bluetooth pairing of the <gadget> fails at 90% every time
The app doesn't find the <gadget> although it is {right next to it|blinking blue}

<gadget> {keeps losing|drops} the wifi {every few minutes|connection}
my <gadget> goes offline every night and has to be set up again

firmware update of the <gadget> is stuck at {40%|99%|12%}
since the last {update|firmware} the <gadget> {restarts|reboots} by itself
update failed on the <gadget> and now it only shows a logo

{images|photos|pictures} don't show on your site, just grey boxes
product pictures are not loading in <browser>

the search {returns nothing|is broken}, I type "<product>" and get zero results
search box on the website freezes when I type

my cart {empties itself|is empty} every time I {go to the next page|come back}
things disappear from the cart when I refresh the page
The cart shows <n> items, the checkout page shows none

the filter buttons do nothing on the {mobile site|website}
there is an issue with sorting by price, it mixes everything

{push notifications|notifications} {stopped|don't work} after the update
I get the same app notification <n> times a day since version <version>

the app says {"no internet"|offline} while everything else on my <phone> works
your app doesn't load on wifi, only on mobile data

the page is in {German|French|Spanish} and I can't switch it back
app language changed by itself after the update and the setting is ignored

uploading a {photo|file|pdf} in the {contact|return} form fails every time
the form says "file too large" for a 200 KB picture
The review form loses my text when I hit send

barcode scanner in the app only shows a black {screen|picture}
the camera view in the app stays black on my <phone>

the {pdf|invoice} download gives a {corrupt|zero byte} file
when I download the manual as a pdf it says file damaged, tried <browser> and another browser too

the live chat window {disconnects|covers the whole screen and can't be closed}
chat pops up over the pay button on my <phone>, I can't reach the button

our API {key|integration} returns {401|429|500} since <date>
webhook calls from your system stopped on <date>, nothing changed on our side
The CSV export from the business portal comes out empty

the <gadget> app shows the wrong {time|temperature|battery level}
schedules in the <gadget> app run {one hour late|twice}

voice control of the <gadget> doesn't react {any more|since the update}
<gadget> no longer talks to {Alexa|Google Home|my smart home hub}

dark mode makes the text unreadable, black on black
Fonts overlap on the product pages, {in <browser>|on my <phone>} I can't read anything

the address field {on the checkout page|in the form} won't accept {umlauts|a hyphen|my street name}
phone number field rejects every number, says invalid format

wishlist {won't save|is gone after the update}
saved lists vanish as soon as I close the app

video on the product page plays without {sound|picture}
the size guide popup {can't be closed|is empty} on my <phone>

after the update to <version> the app {drains my battery|gets my phone hot}
since version <version> the app takes <n> minutes to start

tracking map in the app {stays blank|crashes the app}
The page that should show <order> gives a <errcode>

it is not possible to {install|update} the app, it stops at 99%
The app store says your app isn't compatible with my <phone>

screen reader can't read your menus, the buttons have no labels
I use the keyboard only, and the date picker on your site can't be reached

the newsletter link leads to a <errcode> page
every link in your mails opens a blank page in <browser>

live view of the <camera> lags by a minute {or freezes|and then freezes}
<gadget> setup never gets past step <n>, the spinner just keeps spinning
"""

REQUESTS = """
Is {this|it} a known bug?
{When|Any idea when} will it be fixed?
Please tell your {developers|tech team}
{what|what else} can I try?
Please fix it
How do I get it to work?
{can|could} somebody look at the logs
"""

DETAILS = """
I tried {another browser|reinstalling|restarting everything|clearing the cache}, no change
It worked {yesterday|last week|until <date>}
screenshot attached
my <phone> has the latest update
same on my laptop
it happens every time
I use <browser>
friends of mine have the same
It started {on <date>|<ago>}
I have restarted it {twice|three times}
"""

ASIDES = """
{I don't want|please don't offer me} a refund, I want it to work
My account and password are fine
the delivery was quick, the setup isn't
The hardware isn't {broken|damaged}, it worked before
No payment was taken as far as I can see
I nearly cancelled my membership over this
I wanted to buy a <product> and gave up
the product is great when it works
the billing page is the only one that works
"""

SUBJECTS = """
App {crash|crashing|not working}
website {down|broken|error}
Error <errcode>
bug report
technical issue
checkout not working
{can't|cannot} connect my <gadget>
update problem
<browser> problem
Page not loading
bug in version <version>
{Broken|blank} page
wifi
"""
