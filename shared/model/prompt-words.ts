/** Plain English words, easy to tell apart and to remember, that a prompt's mark is drawn from: 128 of each. */
/** How it is. */
export const ADJECTIVES = (
  "amber ample apt arctic ashen autumn balmy bashful bold brave breezy bright brisk broad bronze calm " +
  "candid careful cedar cheerful chilly civil clear clever cloudy coastal cosy crisp curious daring " +
  "deep distant dusty eager early earnest easy elder even faint fair famous fancy festive fleet floral " +
  "fluent fond frank free fresh frosty gentle giant glad golden grand grassy happy hardy hasty hidden " +
  "hollow honest humble icy ideal idle jolly keen kind large late lavish leafy lively lofty loud loyal " +
  "lucky lunar mellow merry mild misty modest mossy narrow neat nimble noble northern olive open " +
  "patient plain polite prompt proud quick quiet rapid rare ready ripe rosy royal rustic sandy secret " +
  "serene shady sharp shiny silent silver simple sleepy slow smooth snowy soft solar solid southern " +
  "spare stable starry"
).split(" ");

/** What it is. */
export const NOUNS = (
  "acorn anchor apple atlas badger bakery basket beacon beetle bench birch bonfire bottle bridge " +
  "bucket butter button camel candle canoe carpet castle cherry chimney circle clover comet compass " +
  "corner cottage cricket crystal curtain desert diamond dolphin drawer drum eagle falcon feather " +
  "forest fountain fox garlic ginger glacier grape guitar hammer harvest hazel heron hill honey ivory " +
  "jacket jungle kitchen kite lantern lemon lettuce lizard lobster magnet marble market meadow mirror " +
  "mitten mountain mushroom napkin nutmeg ocean onion orchard otter paddle palace panda parrot pebble " +
  "pencil piano pigeon pillow pocket pony pumpkin puzzle quarry radish raven ribbon robin rocket " +
  "saddle sandal saucer shell ship shovel sparrow spider spoon squirrel statue sunset swallow table " +
  "temple thimble thunder tiger timber tower tulip tunnel turtle valley village waffle walnut whale " +
  "willow winter"
).split(" ");
