"""Situations of the category `damaged_item`: goods arrived broken, faulty or incomplete, or soon failed."""

SITUATIONS = """
The <fragile> arrived {broken|in pieces|shattered}
opened the box and the <fragile> is {smashed|cracked right through}
my <fragile> came in about twenty pieces, nothing around it in the box
I received a damaged <fragile>, it has a big crack

the <screen> has a {cracked|scratched} screen straight out of the box
There is a crack across the display of my new <screen>
screen of the <screen> has a dead {line|patch} on the left side

the <appliance> does not turn on. Tried every outlet
Plugged in the <appliance> and nothing happens, completely dead
brand new <appliance>, dead on arrival

one leg of the <furniture> is {snapped|bent|split}
The <furniture> came damaged, it wobbles because a {leg|corner|board} is broken
the <furniture> came with a huge {dent|gouge} in it

screws and {brackets|the manual} are missing from the <furniture>, I can't put it together
part {B|C|F} is missing in the box of the <furniture>
The <furniture> kit has <n> screws too few and the holes don't line up
+ please send the missing parts
+ Where can I get the missing pieces?
+ can you send me the missing part

my <appliance> {stopped working|died} after <n> {days|uses}
used the <appliance> {twice|three times} and now it's dead
The <appliance> I bought on <date> has already {given up|broken}
+ Is this covered by the warranty?
+ Can it be repaired?

the <soft> has {a hole|a stain|a torn seam}
seam of the <soft> came apart the first time I {wore|used} it
There's a big grease stain on the <soft>, brand new

box was {crushed|soaked|ripped open} and what's inside is too
Package looked like someone {drove over|stood on} it, and the <product> is damaged
the carton was wet and the <product> inside is {mouldy|warped}

the <appliance> makes a {horrible grinding|burning} {noise|smell} and then stops
there was smoke coming out of the <appliance>!! I unplugged it right away
The <appliance> sparks when I switch it on
+ Is it dangerous?
+ You should warn others

the <kettle> leaks {water|badly} {all over the counter|from the bottom}
My new <kettle> is dripping since the first use

battery of the <gadget> {is swollen|lasts ten minutes|won't charge at all}
<gadget> won't hold a charge, it is <n> days old
+ Is this covered by the warranty?

the {charger|power cable|remote} {was missing|is missing} from the <gadget> box
no charging cable in the box with the <gadget>, and the seal was broken
+ please send the missing one
+ can you send it separately?

the <product> I received is clearly {used|second hand}, there are scratches and crumbs in it
somebody had this <product> before me: fingerprints, tape marks, hair. I paid for new

paint is {peeling|flaking} off the <product>
the coating of the <cooker> came off in my food

the {lid|handle|knob} {broke off|is broken} on the <appliance>
handle of the <appliance> came loose the first time I lifted it

the <fragile> has {a chip|a hairline crack}
one piece of the <set> is chipped and I cut my finger on it

left {side|speaker} of the headset does not work
The <gadget> has a stuck button and rattles when you shake it
my <gadget> arrived faulty, {it shuts off by itself|the buttons do nothing}

the zip on the <soft> {broke|is stuck} on day one
zipper came off in my hand, <soft>, <n> days old

second <product> in a row that arrives {broken|defective}
You already replaced the <product> once and the new one is {broken|faulty} too

I want a refund because the <fragile> arrived in {bits|pieces}
the <appliance> from <order> is defective and I want my money back, <amount> for this is a joke
please refund <order>: the <product> was {dented|damaged} when I opened it
+ Please confirm
+ when can you pick up the broken one?

the <furniture> has {scratches all over|a cracked panel}, photos attached
<n> panels of the <furniture> are scratched and one is cut the wrong way

the wheels {fell|came} off the office chair within a week
seat of the {bar stool|office chair|armchair} collapsed while my {husband|daughter|dad} sat on it

the colour {ran|came off} in the first wash and the <soft> is ruined
After one cold wash the <soft> fell apart

the <product> smells of {chemicals|mould|petrol} so badly we had to put it outside
The <fragile> was delivered without any padding and of course the {base|rim} is cracked

the motor of the <blender> {is stuck|hums but doesn't turn}
blade of the <blender> is bent from the factory

the <gadget> gets so hot you can't hold it
My <camera> has condensation inside the lens, it came like that

one of the {plates|glasses|cups} in the set was broken
Bought a <fragile>, got a box of shards
"""

REQUESTS = """
Please send {a replacement|a new one}
I'd like a replacement {this week|please}
{What|so what} happens now?
Please help
I can't use it {like this|at all}
What are my options?
Do you need {photos|a picture}?
"""

DETAILS = """
photos {attached|are attached}
I can send {photos|a video} if {needed|that helps}
it was used {once|exactly as the manual says}
I unpacked it {today|this morning|with my neighbour as a witness}
there was hardly any {padding|paper} in the box
I bought it {on <date>|<ago>}
it was meant as a {present|wedding gift}
I have kept {the box|all the packaging}
"""

ASIDES = """
the delivery {was on time|itself was quick} by the way
The driver was {nice|friendly} about it
I don't {want|need} a refund, just one that works
I'd rather not return the whole thing
please don't cancel the rest of my order
I paid <amount> by card, invoice is attached
{the website|your app} would not take my photos
Not a question of how to use it, I read the manual
please don't send me to billing again
"""

SUBJECTS = """
Arrived broken
{Faulty|Defective|Broken} <product>
<product> {not working|is broken}
part missing
cracked
replacement needed
Quality complaint
Damaged <product>
damaged on arrival
dead on arrival
{Photos of|Problem with} my <product>
<product>
stopped working after <n> days
Poor packaging
"""
