"""Flat silhouettes of product kinds, as SVG fragments on a field of 200 by 200."""

from types import MappingProxyType

# The product's colour is inherited; these two make parts darker or lighter than it.
_DARK = 'fill="#000" fill-opacity=".28" stroke="none"'
_LIGHT = 'fill="#fff" fill-opacity=".55" stroke="none"'
_LINE = (
    'fill="none" stroke="currentColor" stroke-opacity="1" stroke-width="10" stroke-linecap="round"'
)
_SEAM = 'fill="none" stroke="#000" stroke-opacity=".28" stroke-width="4"'

_TORSO = "M70 40 40 60 26 120l20 6 10-30v70h88V96l10 30 20-6-14-60-30-20-16 10H86Z"
_LEGS = "M66 36h68l10 130h-32l-12-84-12 84H56Z"
_SOLE = '<path d="M26 150h150q4 14-8 14H36q-12 0-10-14Z" fill="#3a3a3a"/>'

SHAPES = MappingProxyType(
    {
        "jacket": f'<path d="{_TORSO}"/><path d="M100 50v116M62 130h24M114 130h24" {_SEAM}/>'
        f'<path d="M84 48q16-22 32 0l-16 14Z" {_DARK}/>',
        "parka": '<path d="M72 44 42 62 28 128l20 6 8-32v76h88v-76l8 32 20-6-14-66-30-18Z"/>'
        f'<path d="M68 50q4-28 32-28t32 28q-32 16-64 0Z"/><path d="M100 56v122" {_SEAM}/>'
        f'<path d="M64 128h26v24H64Zm46 0h26v24h-26Z" {_DARK}/>',
        "shirt": '<path d="M72 42 34 62l12 38 18-8v76h72V92l18 8 12-38-38-20q-28 24-56 0Z"/>',
        "trousers": f'<path d="{_LEGS}"/><path d="M66 50h68M100 50v32" {_SEAM}/>',
        "glove": '<path d="M70 170v-46L48 96q-6-12 6-16l16 14V50q8-12 16 0V38q9-12 18 0v8q9-10 18 '
        f'0v12q9-8 16 2v64l-8 46Z"/><path d="M70 150h62" {_SEAM}/>',
        "hat": '<path d="M50 132q0-82 50-82t50 82Z"/><circle cx="100" cy="44" r="14"/>'
        f'<rect x="42" y="122" width="116" height="32" rx="10"/>'
        f'<path d="M50 122h100v6H50Z" {_DARK}/>',
        "sock": '<path d="M78 30h46v80l34 28q14 26-16 28-40 2-64-34Z"/>'
        f'<path d="M78 30h46v16H78Z" {_DARK}/>',
        "shoe": '<path d="M28 96q18 8 34-10l18-10 54 44q40 4 40 30H28Z"/>'
        f'{_SOLE}<path d="m84 94 14-12m2 24 14-12m2 22 12-10" {_SEAM}/>',
        "boot": '<path d="M50 36h56v66q8 12 40 16 28 6 28 32H40q10-50 10-114Z"/>'
        f'{_SOLE}<path d="M78 60h28M78 78h28M80 96h28" {_SEAM}/>',
        "sandal": f'{_SOLE}<path d="M48 150q6-50 40-56l-6 56Zm62 0q-4-44 30-40 24 6 28 40Z"/>'
        f'<path d="M48 150Q34 110 52 92" {_LINE}/>',
        "tent": '<path d="M100 44 24 166h152Z"/><path d="m100 70-30 96h60Z" fill="#000" '
        f'fill-opacity=".28"/><path d="m100 44 8-12m-8 12-8-12" {_SEAM}/>',
        "sleeping-bag": '<path d="M58 60q0-36 42-36t42 36l-12 106q-30 20-60 0Z"/>'
        f'<ellipse cx="100" cy="60" rx="26" ry="22" {_LIGHT}/><path d="M100 82v88" {_SEAM}/>',
        "backpack": '<path d="M56 76q0-40 44-40t44 40v80q0 14-14 14H70q-14 0-14-14Z"/>'
        f'<path d="M84 38q0-16 16-16t16 16" {_SEAM}/>'
        f'<rect x="72" y="112" width="56" height="42" rx="8" {_DARK}/>'
        f'<path d="M70 84h60" {_SEAM}/>',
        "bottle": '<path d="M84 30h32v22q18 12 18 34'
        'v74q0 12-12 12H78q-12 0-12-12V86q0-22 18-34Z"/>'
        f'<path d="M82 22h36v18H82Z" {_DARK}/><path d="M66 104h68v36H66Z" {_LIGHT}/>',
        "lamp": '<path d="M72 32h56l22 54H50Z"/><path d="M97 86h6v74h-6Z" fill="#4a4a4a"/>'
        '<path d="M66 160h68v8H66Z" fill="#4a4a4a"/>',
        "torch": '<path d="M40 66h120v22H40Z"/><circle cx="100" cy="100" r="36"/>'
        f'<circle cx="100" cy="100" r="22" {_LIGHT}/><path d="M78 134h44v18H78Z" {_DARK}/>',
        "helmet": '<path d="M30 128q0-84 78-84 64 0 64 84Z"/>'
        f'<path d="M60 108q4-36 30-42m6 42q0-30 14-42m22 42q-2-24-10-36" {_SEAM}/>'
        f'<path d="m48 130 22 34h40" {_SEAM}/>',
        "mat": '<path d="M40 60h104v96H40Z"/><circle cx="144" cy="108" r="30"/>'
        f'<circle cx="144" cy="108" r="14" {_DARK}/><path d="M40 138h90" {_SEAM}/>',
        "sofa": '<path d="M38 92V76q0-16 16-16h92q16 0 16 16v16q14 0 14 14v46H24'
        'v-46q0-14 14-14Z"/>'
        f'<path d="M38 108q0-8 8-8h53v30H38Zm63-8h53q8 0 8 8v22h-61Z" {_LIGHT}/>'
        f'<path d="M38 130h124" {_SEAM}/>'
        '<path d="M36 152h8v16h-8Zm120 0h8v16h-8Z" fill="#4a4a4a"/>',
        "armchair": '<path d="M60 96V58q0-20 40-20t40 20v38q18 0 18 16v42H42v-42q0-16 18-16Z"/>'
        f'<path d="M66 112h68v20H66Z" {_LIGHT}/>'
        '<path d="m54 154-6 18m98-18 6 18" stroke="#4a4a4a" stroke-opacity="1" stroke-width="7"/>',
        "chair": '<path d="M66 32h68l-6 66H72Z"/><path d="M58 104h84v18H58Z"/>'
        '<path d="M100 122v28m-38 16 38-16 38 16" fill="none" stroke="#4a4a4a" stroke-opacity="1" '
        'stroke-width="7"/>'
        '<circle cx="62" cy="168" r="6" fill="#333"/>'
        '<circle cx="138" cy="168" r="6" fill="#333"/>',
        "table": '<path d="M22 74h156v16H22Z"/><path d="M36 90h12v78H36Zm116 0h12v78h-12Z"/>'
        f'<path d="M112 90h40v26h-40Z" {_DARK}/>',
        "shelf": '<path d="M46 28h108v142H46Z"/>'
        '<path d="M56 38h88v34H56Zm0 44h88v34H56Zm0 44h88v34'
        f'H56Z" {_LIGHT}/><path d="M62 48h8v24h-8Zm12-4h8v28h-8Zm40 54h24v18h-24Z" {_DARK}/>',
        "bed": '<path d="M26 66h16v102H26Zm132 30h16v72h-16Z"/><path d="M42 108h116v40H42Z"/>'
        f'<path d="M48 92q0-10 12-10h28q12 0 12 10v16H48Z" {_LIGHT}/>'
        f'<path d="M42 128h116" {_SEAM}/>',
        "mattress": '<rect x="24" y="82" width="152" height="58" rx="16"/>'
        f'<path d="M24 112h152M56 82v58m30-58v58m30-58v58m30-58v58" {_SEAM}/>',
        "rug": '<path d="M52 56h122l-28 94H24Z"/>'
        f'<path d="M64 70h92l-20 66H44Z" {_SEAM}/><path d="m100 84 20 18-30 20-16-18Z" {_LIGHT}/>',
        "pan": '<path d="M24 96h104q0 52-52 52T24 96Z"/><path d="M126 98h58v12h-58Z" '
        f'fill="#4a4a4a"/><path d="M24 96h104v10H24Z" {_DARK}/>',
        "pot": '<path d="M46 82h108v66q0 18-18 18H64q-18 0-18-18Z"/><path d="M40 70h120v12H40Z"/>'
        f'<path d="M88 56h24v14H88Z" {_DARK}/><path d="M46 100H30m124 0h16" {_LINE}/>',
        "kettle": '<path d="M66 66h66l14 100H54Z"/><path d="m66 78-28-12 10 30Z"/>'
        f'<path d="M136 76q36-4 30 40-4 22-24 26" {_LINE}/><path d="M86 50h26v16H86Z" {_DARK}/>'
        f'<path d="M84 92h14v54H82Z" {_LIGHT}/>',
        "coffee-machine": '<path d="M50 32h100v34H94v60h56v42H50Z"/>'
        '<path d="M104 96h34v30h-34Z" fill="#fff"/>'
        f'<path d="M112 66h20v14h-20ZM50 154h100v14H50Z" {_DARK}/>'
        f'<circle cx="74" cy="50" r="7" {_LIGHT}/>',
        "toaster": '<path d="M36 92q0-20 20-20h88q20 0 20 20v70H36Z"/>'
        '<path d="M64 46q34-14 66 0v26H64Z" fill="#e2b673"/>'
        f'<path d="M150 100h14v24h-14ZM56 72h84v6H56Z" {_DARK}/>',
        "blender": f'<path d="M66 34h70l-12 84H78Z" {_LIGHT}/>'
        f'<path d="M66 34h70l-12 84H78Z" {_SEAM}/>'
        f'<path d="M72 122h58l14 46H58Z"/><circle cx="101" cy="146" r="9" {_LIGHT}/>'
        f'<path d="M64 24h74v10H64Z" {_DARK}/>',
        "knife": '<path d="M28 62q96 4 112 40v14H94Q40 104 28 62Z" fill="#c9ced3"/>'
        '<path d="m118 104 58 40-10 18-58-44Z"/>',
        "mug": '<path d="M50 58h84v92q0 16-16 16H66q-16 0-16-16Z"/>'
        f'<path d="M134 82q36-4 34 28-4 28-34 26" {_LINE}/>'
        f'<ellipse cx="92" cy="60" rx="42" ry="8" {_DARK}/>',
        "box": '<path d="M34 78h132v84H34Z"/><path d="M28 58h144v22H28Z"/>'
        f'<path d="M28 76h144v6H28Z" {_DARK}/><path d="M84 96h32v16H84Z" {_LIGHT}/>',
        "board": '<path d="M56 46q0-10 10-10h68q10 0 10 10v112q0 10-10 10H66q-10 0-10-10Z"/>'
        f'<circle cx="100" cy="54" r="8" {_LIGHT}/><path d="M72 76v76m18-76v76" {_SEAM}/>',
        "headphones": f'<path d="M44 118V98q0-58 56-58t56 58v20" {_LINE}/>'
        '<rect x="30" y="104" width="34" height="58" rx="14"/>'
        '<rect x="136" y="104" width="34" height="58" rx="14"/>'
        f'<path d="M56 112h8v42h-8Z" {_DARK}/>'
        f'<path d="M136 112h8v42h-8Z" {_DARK}/>',
        "earbuds": '<circle cx="66" cy="76" r="28"/><path d="M54 90h24v66q-12 14-24 0Z"/>'
        '<circle cx="136" cy="76" r="28"/><path d="M124 90h24v66q-12 14-24 0Z"/>'
        f'<circle cx="66" cy="76" r="12" {_DARK}/><circle cx="136" cy="76" r="12" {_DARK}/>',
        "speaker": '<rect x="56" y="28" width="88" height="140" rx="16"/>'
        f'<circle cx="100" cy="116" r="32" {_DARK}/><circle cx="100" cy="116" r="12" {_LIGHT}/>'
        f'<circle cx="100" cy="56" r="15" {_DARK}/>',
        "keyboard": '<rect x="20" y="70" width="160" height="70" rx="10"/>'
        '<path d="M32 90h136M32 106h136M56 124h88" fill="none" stroke="#fff" stroke-opacity=".7" '
        'stroke-width="9" stroke-dasharray="12 4"/>',
        "mouse": '<path d="M60 86q0-52 40-52t40 52v34q0 48-40 48t-40-48Z"/>'
        f'<path d="M60 92h80M100 34v58" {_SEAM}/>'
        '<rect x="94" y="52" width="12" height="26" rx="6" '
        f"{_LIGHT}/>",
        "webcam": '<circle cx="100" cy="84" r="50"/>'
        '<circle cx="100" cy="84" r="26" fill="#26292e"/>'
        f'<circle cx="92" cy="76" r="8" {_LIGHT}/><path d="M88 132h24v18h28v16H60v-16h28Z"/>',
        "hub": '<rect x="36" y="82" width="136" height="44" rx="10"/>'
        f'<path d="M52 96h18v14H52Zm28 0h18v14H80Zm28 0h18v14h-18Zm28 0h18v14h-18Z" {_DARK}/>'
        f'<path d="M36 104Q12 104 18 60" {_LINE}/>',
        "monitor": '<rect x="20" y="36" width="160" height="98" rx="8"/>'
        '<path d="M28 44h144v76H28Z" fill="#dfe9f2"/><path d="M88 134h24v22h26v12H62v-12h26Z"/>'
        '<path d="m28 120 50-44 30 24 24-18 40 38Z" fill="#a9c0d6"/>',
        "laptop": '<path d="M44 46q0-8 8-8h96q8 0 8 8v84H44Z"/>'
        '<path d="M54 48h92v72H54Z" fill="#dfe9f2"/><path d="M22 132h156l-8 24H30Z"/>'
        f'<path d="M84 136h32v8H84Z" {_DARK}/>',
        "drive": '<rect x="50" y="44" width="100" height="116" rx="14"/>'
        f'<path d="M66 62h68v46H66Z" {_LIGHT}/><circle cx="72" cy="140" r="6" {_DARK}/>'
        f'<path d="M100 160v22" {_LINE}/>',
        "power-bank": '<rect x="62" y="34" width="76" height="134" rx="14"/>'
        f'<path d="m106 66-24 40h18l-8 34 28-44h-20l12-30Z" {_LIGHT}/>'
        f'<path d="M88 34h24v8H88Z" {_DARK}/>',
        "phone": '<rect x="60" y="24" width="80" height="150" rx="16"/>'
        f'<rect x="70" y="34" width="30" height="36" rx="10" {_DARK}/>'
        f'<circle cx="85" cy="46" r="6" {_LIGHT}/><circle cx="85" cy="60" r="5" {_LIGHT}/>',
        "router": '<path d="M28 114h144v44H28Z"/>'
        f'<path d="m52 114-10-68m106 68 10-68" {_LINE}/>'
        f'<path d="M44 132h10v8H44Zm18 0h10v8H62Zm18 0h10v8H80Z" {_LIGHT}/>',
        "drill": '<path d="M34 58h96q14 0 14 14v30q0 12-12 12H98l10 40h18v18H66'
        'v-18h8L58 114H34Z"/>'
        '<path d="M144 78h14l26 6-26 6h-14Z" fill="#6b7177"/>'
        f'<path d="M66 154h60v18H66Z" {_DARK}/><path d="M44 72h30v6H44Zm0 14h30v6H44Z" {_LIGHT}/>',
        "saw": '<path d="M30 116a58 58 0 0 1 116 0Z"/>'
        '<circle cx="88" cy="122" r="42" fill="#c9ced3"/><circle cx="88" cy="122" r="8" '
        f'fill="#555"/><path d="M120 60q40-16 50 22" {_LINE}/><path d="M22 116h156v10H22Z"/>',
        "screwdriver": '<rect x="84" y="24" width="32" height="72" rx="12"/>'
        '<path d="M95 96h10v62l-5 12-5-12Z" fill="#8b9197"/>'
        f'<path d="M92 36v48m16-48v48" {_SEAM}/>',
        "hammer": '<path d="M92 70h18v104H92Z"/>'
        '<path d="M52 36h80q20 2 34 26-20-10-34-2v10H52Z" fill="#6b7177"/>',
        "ladder": f'<path d="M70 30 48 170m68-140 22 140M66 62h56M60 96h68M56 130h76" {_LINE}/>',
        "tool-box": '<path d="M30 84h140v78H30Z"/>'
        f'<path d="M74 84V58h52v26" {_LINE}/><path d="M30 106h140v6H30Z" {_DARK}/>'
        f'<path d="M90 100h20v20H90Z" {_LIGHT}/>',
        "mower": f'<path d="m60 112-38-70" {_LINE}/><path d="M52 108q4-26 44-26 68 0 76 54H52Z"/>'
        '<circle cx="70" cy="146" r="22" fill="#333"/><circle cx="150" cy="146" r="22" '
        f'fill="#333"/><path d="M88 96h40v14H88Z" {_LIGHT}/>',
        "hose": f'<circle cx="96" cy="110" r="54" {_LINE}/>'
        f'<circle cx="96" cy="110" r="38" {_LINE}/>'
        f'<path d="M96 56h56" {_LINE}/><path d="M150 46h28v20h-28Z" fill="#4a4a4a"/>',
        "shears": '<path d="M96 88 60 26q-16 34 18 74Zm8 0 24-58q22 26 0 70Z" fill="#aab1b8"/>'
        f'<circle cx="100" cy="96" r="8" {_DARK}/>'
        f'<path d="m96 102-32 66m40-66 34 66" {_LINE}/>',
        "planter": '<path d="M56 104h88l-12 66H68Z"/><path d="M48 90h104v16H48Z"/>'
        '<path d="M100 90Q92 50 60 44q2 36 40 46Zm0 0q4-46 44-56 0 44-44 56Z" fill="#5c8a4d"/>',
        "blocks": '<path d="M28 112h56v56H28Zm64 0h56v56H92ZM60 50h56v56H60Z"/>'
        f'<path d="M92 112h56v56H92Z" {_LIGHT}/><path d="M60 50h56v56H60Z" {_DARK}/>',
        "bear": '<circle cx="66" cy="50" r="20"/><circle cx="134" cy="50" r="20"/>'
        '<circle cx="100" cy="74" r="42"/><ellipse cx="100" cy="138" rx="46" ry="38"/>'
        f'<ellipse cx="100" cy="90" rx="18" ry="14" {_LIGHT}/>'
        '<circle cx="84" cy="66" r="5" fill="#222"/><circle cx="116" cy="66" r="5" fill="#222"/>'
        '<circle cx="100" cy="84" r="5" fill="#222"/>',
        "rabbit": '<ellipse cx="80" cy="46" rx="13" ry="34"/><ellipse cx="120" cy="46" rx="13" '
        'ry="34"/><circle cx="100" cy="92" r="36"/><ellipse cx="100" cy="146" rx="40" ry="30"/>'
        '<circle cx="87" cy="86" r="5" fill="#222"/><circle cx="113" cy="86" r="5" fill="#222"/>'
        f'<ellipse cx="100" cy="146" rx="20" ry="18" {_LIGHT}/>',
        "dice": '<rect x="46" y="52" width="108" height="108" rx="18"/>'
        f'<circle cx="74" cy="80" r="10" {_LIGHT}/><circle cx="126" cy="80" r="10" {_LIGHT}/>'
        f'<circle cx="100" cy="106" r="10" {_LIGHT}/><circle cx="74" cy="132" r="10" {_LIGHT}/>'
        f'<circle cx="126" cy="132" r="10" {_LIGHT}/>',
        "puzzle": '<path d="M44 66h36q-8-28 16-28t16 28h40v36q26-8 26 15t-26 15v36H44v-36q24 8 '
        '24-15t-24-15Z"/>',
        "car": '<path d="M24 116q4-18 30-20l22-30h54l26 30q22 2 22 24v18H24Z"/>'
        f'<path d="M84 76h18v20H70Zm26 0h18l14 20h-32Z" {_LIGHT}/>'
        '<circle cx="60" cy="140" r="20" fill="#333"/><circle cx="144" cy="140" r="20" '
        'fill="#333"/>',
        "scooter": f'<path d="m132 44 18 104M114 46h36M52 148h98" {_LINE}/>'
        '<circle cx="50" cy="152" r="18" fill="#333"/><circle cx="154" cy="152" r="18" '
        'fill="#333"/>',
        "stove": '<path d="M44 76h112v92H44Z"/><path d="M44 28h112v10H44Zm0 36h112v12H44Z"/>'
        f'<path d="M62 100h76v48H62Z" {_LIGHT}/><path d="M44 38h8v26h-8Zm104 0h8v26h-8Z"/>'
        f'<circle cx="68" cy="87" r="5" {_DARK}/><circle cx="88" cy="87" r="5" {_DARK}/>',
        "ball": '<circle cx="100" cy="104" r="62"/>'
        f'<path d="M100 42q-40 62 0 124m0-124q40 62 0 124M38 104h124" {_SEAM}/>',
        "jar": '<path d="M44 88h112v62q0 16-16 16H60q-16 0-16-16Z"/>'
        f'<path d="M40 60h120v28H40Z" {_DARK}/><path d="M62 106h76v38H62Z" {_LIGHT}/>',
        "tube": '<path d="M66 30h68l-8 112H74Z"/><path d="M78 142h44v28H78Z" fill="#4a4a4a"/>'
        f'<path d="M78 62h44v48H80Z" {_LIGHT}/>',
        "dispenser": '<path d="M62 82q0-16 16-16h44q16 0 16 16v74q0 14-14 14H76q-14 0-14-14Z"/>'
        f'<path d="M92 46h16v20H92Zm-24-16h44v16H68Z" {_DARK}/><path d="M62 100h76v40H62Z" '
        f"{_LIGHT}/>",
        "hair-dryer": '<path d="M32 58h70a36 36 0 0 1 0 72H32Z"/>'
        '<path d="m84 126 34-8 16 52h-30Z"/><path d="M20 66h12v56H20Z" fill="#4a4a4a"/>'
        f'<circle cx="104" cy="94" r="16" {_DARK}/>',
        "toothbrush": '<path d="M86 84h28v84q-14 10-28 0Z"/><path d="M95 40h10v44H95Z"/>'
        f'<path d="M88 22h18v24H88Z" {_DARK}/><circle cx="100" cy="106" r="6" {_LIGHT}/>',
        "razor": '<path d="M76 72h48l-6 90q-18 14-36 0Z"/>'
        '<path d="M68 36h64v36H68Z" fill="#6b7177"/>'
        '<circle cx="84" cy="54" r="10" fill="#c9ced3"/>'
        '<circle cx="116" cy="54" r="10" fill="#c9ced3"/>'
        f'<circle cx="100" cy="102" r="7" {_LIGHT}/>',
        "vacuum": f'<path d="M148 32 112 150" {_LINE}/><path d="M96 150h60v16H84Z"/>'
        '<path d="M40 116a34 34 0 0 1 68 0v50H40Z"/><circle cx="56" cy="160" r="12" fill="#333"/>'
        f'<circle cx="74" cy="112" r="14" {_DARK}/><path d="M100 92q10-56 48-60" {_SEAM}/>',
        "jug": '<path d="M60 62h34V40h24v22q34 6 34 40v66H60Z"/>'
        f'<path d="M116 82h20v40h-20Z" {_LIGHT}/><path d="M90 28h32v16H90Z" {_DARK}/>'
        f'<path d="M74 126h36v28H74Z" {_LIGHT}/>',
        "towel": '<path d="M50 40h70v124H50Z"/><path d="M120 40h32v96h-32Z"/>'
        f'<path d="M120 40h32v96h-32Z" {_DARK}/><path d="M50 132h70M50 142h70" {_SEAM}/>'
        '<path d="M36 32h130v10H36Z" fill="#6b7177"/>',
        "linen": '<path d="M34 108h132v26H34Zm0 30h132v28H34Z"/>'
        f'<rect x="46" y="58" width="108" height="46" rx="18"/><path d="M46 80h108" {_SEAM}/>'
        f'<path d="M34 134h132v6H34Z" {_DARK}/>',
        "candle": '<path d="M60 84h80v78q0 8-8 8H68q-8 0-8-8Z"/>'
        '<path d="M100 32q20 22 0 42-20-20 0-42Z" fill="#f2a33a"/>'
        f'<path d="M98 70h4v14h-4Z" fill="#333"/><path d="M60 106h80v34H60Z" {_LIGHT}/>',
        "humidifier": '<path d="M58 168q-10-84 42-84t42 84Z"/>'
        '<path d="M88 72q-14-16 4-30t-2-22m24 52q-14-16 4-30t-2-22" fill="none" stroke="#9fc3dd" '
        f'stroke-width="7" stroke-linecap="round"/><circle cx="100" cy="144" r="8" {_LIGHT}/>',
        "pet-bed": '<path d="M22 116q0-30 78-30t78 30v26q0 26-78 26t-78-26Z"/>'
        f'<ellipse cx="100" cy="116" rx="56" ry="18" {_LIGHT}/>'
        f'<path d="M70 150q30 8 60 0" {_SEAM}/>',
        "cat-tree": '<path d="M40 156h120v14H40Zm18-58h12v58H58Zm72-46h12v104h-12Z"/>'
        '<path d="M30 86h68v14H30Zm72-46h68v14h-68Z"/>'
        f'<path d="M82 120h40v36H82Z"/><circle cx="102" cy="140" r="11" {_DARK}/>',
    }
)
